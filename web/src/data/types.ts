/** What the server and a static share answer. A row is an image: its place in the collection sorted by path. */

export interface Group {
  group: number; // -1: in no group
  name: string;
  colour: string; // #rrggbb
  ink: string; // black or white, whichever reads better on the colour
  count: number;
  middle: number | null; // the row that stands for the group on the map
}

export interface Counted {
  name: string;
  count: number;
}

export type ProblemKind =
  | "duplicates"
  | "near_duplicates"
  | "outliers"
  | "blurred"
  | "dark"
  | "bright"
  | "wrong"
  | "suggested";

export interface Collection {
  revision: number; // grows when rows come, go or change their place; requests that name an older one get 409
  name: string;
  work: string;
  folder: string | null; // of the images, where they lie in one
  images: number;
  skipped: number;
  groups: Group[];
  labels: Counted[];
  folders: Counted[];
  problems: Record<ProblemKind, number> & { unreadable: number };
  checked: boolean; // whether `unpool check` has been run on these images
  dates: { first: number | null; last: number | null }; // seconds since 1970
  has: { map: boolean; model: boolean; mirror: boolean; segmenter: boolean };
  undo: string | null; // what undo would take back, in words
}

/** One entry an image; `label` is a place in `Collection.labels`, -1 for none. Places are in -1..1, y upwards, NaN off the map. */
export interface Points {
  x: Float32Array;
  y: Float32Array;
  group: Int32Array;
  label: Int32Array;
  priority: Uint32Array; // 0 is shown first where there is room for some pictures only
}

export type SortKey =
  | "path"
  | "outlier_score"
  | "reconstruction_error"
  | "probability"
  | "modified"
  | "sharpness"
  | "brightness"
  | "suggestion_confidence";

export interface Filter {
  group?: number;
  label?: string; // "" for images without one
  problem?: ProblemKind;
  folder?: string; // and the folders in it
  from?: number; // seconds since 1970
  to?: number;
  text?: string; // in the path, whatever the case
  rows?: number[]; // of these only
  sort?: SortKey;
  descending?: boolean;
}

export interface RowFacts {
  row: number;
  path: string;
  width: number;
  height: number;
  modified: number | null;
  group: number | null;
  probability: number | null;
  label: string | null;
  suggestion: string | null;
  suggestion_confidence: number | null;
  wrong: boolean;
  outlier_score: number | null;
  reconstruction_error: number | null;
  sharpness: number | null;
  brightness: number | null;
  duplicate_of: number | null; // a row
  problems: string[]; // in words
}

export interface Near {
  row: number;
  distance: number;
}

export interface ImageFacts extends RowFacts {
  bytes: number | null;
  mode: string | null;
  metadata: [string, string][];
  nearest: Near[];
}

export type Edit =
  | { action: "label"; rows: number[]; label: string | null }
  | { action: "move"; rows: number[]; group: number }
  | { action: "mark"; rows: number[]; wrong: boolean }
  | { action: "merge"; groups: number[] }
  | { action: "split"; group: number }
  | { action: "accept"; rows: number[] } // suggested labels become labels
  | { action: "refuse"; rows: number[] } // suggested labels are forgotten
  | { action: "undo" };

export interface Edited {
  changed: number;
  told: string; // what happened, in words
  collection: Collection; // points are to be fetched again
}

export interface Quality {
  figures: { name: string; value: number | null; meaning: string }[];
  pictures: { title: string; alt: string; url: string }[];
  tables: { title: string; header: string[]; rows: string[][] }[];
}

export interface Sets {
  exact: number[][]; // rows of identical files, the one to keep first
  near: number[][];
}

export interface Unreadable {
  path: string;
  problem: string;
  detail: string;
}

export type JobKind = "run" | "check" | "group" | "map" | "evaluate" | "spread";

export interface Job {
  id: number;
  kind: JobKind;
  state: "running" | "done" | "failed" | "stopped";
  stage: string;
  done: number;
  total: number | null;
  unit: string;
  note: string;
  messages: string[];
  seconds: number;
  error: string | null;
  work: string | null; // of a finished run: the workspace that can be opened
}

export interface Place {
  root: string; // the folder that unpool view was started in: nothing outside it can be named
  folder: string; // relative to it, "" for itself
  folders: string[]; // names in it
  images: number; // files that look like images, in it and not in its folders
}

export interface Reconstruction {
  mse: number;
  psnr: number | null;
}
