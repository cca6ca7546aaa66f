import { computed, signal } from "@preact/signals";
import { openSource } from "../data/open";
import type { Source } from "../data/source";
import type { Collection, Filter, Group, Job, Near, Points, ProblemKind } from "../data/types";

/** What the page knows. Components read it; `edits.ts`, `finding.ts`, `jobs.ts` and `selecting.ts` change it. */

export type View = "map" | "grid" | "table" | "problems" | "quality" | "results";
export type Sheet = "sidebar" | "selection";
export type ProblemTab = ProblemKind | "unreadable";
export type Asked =
  | { kind: "export" }
  | { kind: "help" }
  | { kind: "jobs" }
  | { kind: "run" }
  | { kind: "label"; rows: number[]; title: string };

export interface Results {
  title: string;
  near: Near[];
}

export interface Opened {
  row: number;
  list: ArrayLike<number>; // what the arrow keys go through
}

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  edited: boolean; // tells a change: the next one takes its place
  undo: boolean; // offers to take that back
}

export const source: Source = openSource();

export const collection = signal<Collection | null>(null);
export const points = signal<Points | null>(null);
export const trouble = signal<string | null>(null); // why there is no collection to show

export const view = signal<View>("map");
export const sheet = signal<Sheet | null>(null); // on phones only
export const problemTab = signal<ProblemTab | null>(null);
export const asked = signal<Asked | null>(null); // the dialog that is open, apart from that of an image
export const opened = signal<Opened | null>(null);

export const filter = signal<Filter>({});
export const shown = signal<Uint32Array>(new Uint32Array()); // the rows that the filter leaves, in its order
export const selection = signal<Uint32Array>(new Uint32Array());
export const chosen = signal<readonly number[]>([]); // groups, to merge or split
export const results = signal<Results | null>(null);

export const job = signal<Job | null>(null);
export const jobShown = signal(false);
export const busy = signal(0); // requests that someone waits for
export const toasts = signal<readonly Toast[]>([]);

export const groupsByNumber = computed(
  () => new Map<number, Group>((collection.value?.groups ?? []).map((group) => [group.group, group])),
);

export const isFiltered = computed(() => {
  const { sort: _sort, descending: _descending, ...conditions } = filter.value;
  return Object.values(conditions).some((condition) => condition !== undefined);
});

/** 1 where the row is selected: asked for by every cell on the page. */
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
