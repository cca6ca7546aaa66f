import type { FoundByWords } from "../data/types";
import { attempt } from "./edits";
import { fileName } from "./format";
import { leaveResults, NEAREST, showResults } from "./search";
import { collection, results, source } from "./store";
import { beside, hasWords, note, picked, takeTurn, typed } from "./typed";

const PAUSE = 60; // milliseconds after the last key: less than between two of most people

let timer: ReturnType<typeof setTimeout> | undefined;
let warm: string | null = null; // the vectors whose text side the server has loaded

/** Let the server load what reads words, before the first is typed; once for each workspace and space. */
export function warmUp(): void {
  const { work, space = null } = collection.value ?? {};
  const own = JSON.stringify([work, space]);
  if (warm === own || !hasWords.value) return;
  warm = own;
  void source.searchWords("", null, 1, new AbortController().signal).catch(() => {
    if (warm === own) warm = null;
  });
}

/** Search as one types; only the answer to the last text is shown. */
export function typeWords(text: string): void {
  typed.value = text;
  clearTimeout(timer);
  const own = takeTurn();
  if (!hasWords.value) {
    note.value = text.trim() === "" ? "" : (collection.value?.words.message ?? "");
  } else if (text.trim() === "") {
    note.value = "";
    if (beside.value === null) leaveResults();
  } else {
    timer = setTimeout(() => void find(text, own), PAUSE);
  }
}

async function find(text: string, own: AbortController): Promise<void> {
  try {
    const image = beside.value;
    const found = await source.searchWords(text, image?.row ?? null, NEAREST, own.signal);
    if (own.signal.aborted || (found.words.length === 0 && found.without.length === 0)) return;
    note.value = found.note;
    showResults(titleOf(found, image?.name), found.near);
  } catch (error) {
    if (!own.signal.aborted) note.value = error instanceof Error ? error.message : String(error);
  }
}

const quoted = (texts: string[]) => texts.map((text) => `“${text}”`).join(" + ");

export function titleOf({ words, without }: Pick<FoundByWords, "words" | "without">, image?: string): string {
  const like = [...(image === undefined ? [] : [image]), ...(words.length > 0 ? [quoted(words)] : [])].join(" + ");
  const unlike = without.length > 0 ? `not ${without.map((text) => `“${text}”`).join(", ")}` : "";
  return [like, unlike].filter((part) => part !== "").join(", ");
}

/** Add words to the image that is searched for: they go on in the box. */
export async function addWords(): Promise<boolean> {
  const row = results.value?.row ?? null;
  if (row === null) return false;
  return attempt(async () => {
    const [facts] = await source.rows([row]);
    if (results.value?.row !== row) return; // another search was made meanwhile
    picked.value = "words";
    beside.value = { row, name: fileName(facts?.path ?? "this image") };
    document.getElementById("search")?.focus();
  });
}
