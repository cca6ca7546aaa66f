import { toasts } from "./store";

let last = 0;
const SECONDS = 9;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Say it in a corner of the page. Bad news stays until it is put away. */
export function tell(text: string, how: { bad?: boolean; edited?: boolean; undo?: boolean } = {}): void {
  const id = ++last;
  const { bad = false, edited = false, undo = false } = how;
  // Only the last change can be taken back, so what tells of one before goes away.
  const others = toasts.value.filter((toast) => toast.text !== text && !(edited && toast.edited));
  toasts.value = [...others.slice(-2), { id, text, bad, edited, undo }];
  if (!bad) setTimeout(() => dismiss(id), SECONDS * 1000);
}
