import { computed, signal } from "@preact/signals";
import { collection, source } from "./store";

/** What stands in the search box, and what it searches. */

export type SearchBy = "words" | "paths";

export const picked = signal<SearchBy | null>(null); // null until somebody picks
export const typed = signal(""); // words, not paths
export const beside = signal<{ row: number; name: string } | null>(null); // an image that the words are added to
export const note = signal(""); // one line below the box

export const hasWords = computed(() => source.editable && (collection.value?.words.ready ?? false));
export const searchBy = computed<SearchBy>(() => (!source.editable ? "paths" : (picked.value ?? (hasWords.value ? "words" : "paths"))));

let running: AbortController | undefined;

/** The request that counts from now on; the one before is given up. */
export function takeTurn(): AbortController {
  running?.abort();
  running = new AbortController();
  return running;
}

export function forgetWords(): void {
  running?.abort();
  typed.value = "";
  beside.value = null;
  note.value = "";
}
