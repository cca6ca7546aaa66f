import { computed, signal } from "@preact/signals";
import { openSource } from "../data/open";
import type { Source } from "../data/source";
import type { Cleaned, Collection, Filter, Group, Job, Near, Points, ProblemKind } from "../data/types";

/** State of the page. Components read it; `edits.ts`, `search.ts`, `jobs.ts` and `selectionActions.ts` change it. */

export type View = "map" | "grid" | "table" | "problems" | "quality" | "teach" | "results";
export type Sheet = "sidebar" | "selection";
export type ProblemTab = ProblemKind | "unreadable" | "reading";
export type DialogRequest =
  | { kind: "export" }
  | { kind: "help" }
  | { kind: "jobs" }
  | { kind: "run" }
  | { kind: "clean"; problem: string; done?: Cleaned }
  | { kind: "label"; rows: number[]; title: string };

export interface Results {
  title: string;
  near: Near[];
  row: number | null; // the image that was searched for, where it is one of the collection
}

export interface Opened {
  row: number;
  list: ArrayLike<number>; // rows that the arrow keys step through
}

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  edited: boolean; // reports a change; the next change replaces it
  undo: boolean; // offers to undo that change
}

export const source: Source = openSource();

export const collection = signal<Collection | null>(null);
export const points = signal<Points | null>(null);
export const trouble = signal<string | null>(null); // why no collection can be shown

export const view = signal<View>("map");
export const sheet = signal<Sheet | null>(null); // on phones only
export const problemTab = signal<ProblemTab | null>(null);
export const openDialog = signal<DialogRequest | null>(null); // the dialog that is open, apart from that of an image
export const opened = signal<Opened | null>(null);

export const filter = signal<Filter>({});
export const shown = signal<Uint32Array>(new Uint32Array()); // the rows that the filter leaves, in its order
export const selection = signal<Uint32Array>(new Uint32Array());
export const tickedGroups = signal<readonly number[]>([]); // groups, to merge or split
export const results = signal<Results | null>(null);

export const job = signal<Job | null>(null);
export const jobShown = signal(false);
export const busy = signal(0); // requests under way
export const toasts = signal<readonly Toast[]>([]);

export const groupsByNumber = computed(
  () => new Map<number, Group>((collection.value?.groups ?? []).map((group) => [group.group, group])),
);

export const isFiltered = computed(() => {
  const { sort: _sort, descending: _descending, ...conditions } = filter.value;
  return Object.values(conditions).some((condition) => condition !== undefined);
});

/** 1 where the row is selected; every cell on the page reads it. */
export const selected = computed(() => {
  const mask = new Uint8Array(collection.value?.images ?? 0);
  for (const row of selection.value) mask[row] = 1;
  return mask;
});

export const resultRows = computed(() => Uint32Array.from(results.value?.near ?? [], (near) => near.row));

export function groupOf(row: number): Group | undefined {
  const number = points.value?.group[row];
  return number === undefined ? undefined : groupsByNumber.value.get(number);
}

export function labelOf(row: number): string | null {
  const place = points.value?.label[row] ?? -1;
  return collection.value?.labels[place]?.name ?? null;
}
