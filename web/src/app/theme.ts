import { computed, effect, signal } from "@preact/signals";

type Theme = "light" | "dark";
const KEY = "unpool-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

/** A page opened from a file may have no storage: then the choice lasts as long as the page. */
function read(): Theme | null {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : null;
  } catch {
    return null;
  }
}

const theme = signal<Theme | null>(read());
export const dark = computed(() => (theme.value === null ? systemDark.value : theme.value === "dark"));

effect(() => {
  if (theme.value !== null) document.documentElement.dataset["theme"] = theme.value;
});

export function toggleTheme(): void {
  theme.value = dark.value ? "light" : "dark";
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    return;
  }
}
