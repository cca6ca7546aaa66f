import { toasts } from "./store";

let last = 0;
const SECONDS = 9;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Show a message in a corner of the page; errors stay until dismissed. */
export function notify(text: string, options: { bad?: boolean; edited?: boolean; undo?: boolean } = {}): void {
  const id = ++last;
  const { bad = false, edited = false, undo = false } = options;
  // Only the last change can be undone, so the message of an earlier one goes.
  const others = toasts.value.filter((toast) => toast.text !== text && !(edited && toast.edited));
  toasts.value = [...others.slice(-2), { id, text, bad, edited, undo }];
  if (!bad) setTimeout(() => dismiss(id), SECONDS * 1000);
}
