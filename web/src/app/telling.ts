import { toasts } from "./store";

let last = 0;
const SECONDS = 9;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Say it in a corner of the page. Bad news stays until it is put away. */
export function tell(text: string, how: { bad?: boolean; undo?: boolean } = {}): void {
  const id = ++last;
  const { bad = false, undo = false } = how;
  // Only the last edit can be taken back, so older offers to do so go away.
  const different = toasts.value.filter((toast) => toast.text !== text);
  const others = different.map((toast) => (undo ? { ...toast, undo: false } : toast));
  toasts.value = [...others.slice(-2), { id, text, bad, undo }];
  if (!bad) setTimeout(() => dismiss(id), SECONDS * 1000);
}
