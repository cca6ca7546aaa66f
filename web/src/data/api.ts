/** Written by web/generate_types.py from the server's OpenAPI description: do not edit. */

/** False alarms among the model's good images. */
export interface Alarms {
  above: number;
  images: number;
  rate: number;
  low: number;
  high: number;
}

/** What would be moved, and nothing else will be. */
export interface CleanPlan {
  stacks: CleanStack[];
  images: number;
  bytes: number;
  left: number;
  token: string;
}

/** Carry out the plan of this token. */
export interface CleanRequest {
  revision: number;
  token: string;
  to: "trash" | "folder";
}

/** The images of one set, those that stay first. */
export interface CleanStack {
  rows: number[];
  stay: number;
}

/** What was moved, and what brings it back. */
export interface Cleaned {
  kept: number;
  moved: number;
  bytes: number;
  left: number;
  manifest: string;
}

/** The workspace that the page shows. */
export interface Collection {
  name: string;
  images: number;
  skipped: number;
  groups: Group[];
  tree: Tree | null;
  labels: LabelCount[];
  folders: Counted[];
  dates: Dates;
  columns: string[];
  meta: PageMeta;
  revision: number;
  work: string;
  folder: string | null;
  problems: Record<string, number>;
  uncalibrated: boolean;
  checked: boolean;
  has: Has;
  words: WordsState;
  spaces: string[];
  space: string | null;
  undo: string | null;
  redo: string | null;
  inspection: Inspection | null;
  rebuild: string | null;
}

/** A column of the page's table. */
export interface ColumnMeta {
  name: string;
  title: string;
  description: string;
  format: "text" | "path" | "size" | "bytes" | "date" | "taken" | "group" | "percent" | "figure" | "degrees" | "suggestion" | "problems";
  is_number: boolean;
  sort: string | null;
}

/** A name with the number of images that have it. */
export interface Counted {
  name: string;
  count: number;
}

/** When the files were last changed, in seconds since 1970. */
export interface Dates {
  first: number | null;
  last: number | null;
}

/** Turn suggested labels into labels, or forget them. */
export interface Decide {
  revision: number;
  action: "accept" | "reject";
  rows: number[];
}

/** A label that looks wrong. */
export interface Doubt {
  row: number;
  label: string;
  predicted: string;
  probability: number;
}

/** What an edit did, and the collection after it. */
export interface Edited {
  changed: number;
  message: string;
  collection: Collection;
}

/** A file that a note is about. */
export interface Example {
  path: string;
  detail: string;
}

/** A file to download. */
export interface Export {
  revision: number;
  to: "csv" | "parquet" | "html";
  rows?: number[] | null;
}

/** A folder to write into the workspace. */
export interface ExportFolders {
  revision: number;
  to?: "folders" | "imagefolder" | "labelstudio" | "cvat";
  name: string;
  rows?: number[] | null;
  link?: boolean;
}

/** Where an export lies, and how many images it holds. */
export interface Exported {
  path: string;
  images: number;
}

/** How the groups were made: one name and value. */
export interface Fact {
  name: string;
  value: string;
}

/** A range of a number or a date. */
export interface FieldBin {
  low: number;
  high: number;
  count: number;
  colour: string;
}

/** A condition on a field, whose parts all hold. */
export interface FieldCondition {
  name: string;
  any?: string[] | null;
  low?: number | null;
  high?: number | null;
  missing?: boolean;
}

/** What a field holds. */
export interface FieldFacet {
  name: string;
  kind: "choice" | "tags" | "number" | "date" | "text";
  images: number;
  values: FieldValue[];
  others: number;
  bins: FieldBin[];
}

/** A value of a field, and its number of images. */
export interface FieldValue {
  name: string;
  count: number;
  colour: string;
}

/** What fields hold, and the selections that were saved. */
export interface Fields {
  fields: FieldFacet[];
  saved: Counted[];
}

/** A figure with its value, as the page receives it. */
export interface FigureValue {
  name: string;
  title: string;
  value: number;
  meaning: string;
  good: string;
  low: number | null;
  high: number | null;
  needs_classes: boolean;
}

/** Forget a saved selection. */
export interface ForgetSelection {
  revision: number;
  action: "forget_selection";
  name: string;
}

/** An export format. */
export interface FormatMeta {
  name: string;
  title: string;
  description: string;
  is_file: boolean;
  takes_links: boolean;
}

/** How the text was understood, and what fits it. */
export interface FoundByWords {
  words: string[];
  without: string[];
  near: Near[];
  note: string;
}

/** A group as the page shows it. */
export interface Group {
  group: number;
  name: string;
  colour: string;
  ink: string;
  count: number;
  middle: number | null;
}

/** What a workspace can show. */
export interface Has {
  map: boolean;
  model: boolean;
  mirror: boolean;
  segmenter: boolean;
}

/** The facts of an image and its file. */
export interface ImageFacts {
  row: number;
  path: string;
  group: number | null;
  wrong: boolean;
  duplicate_of: number | null;
  problems: string[];
  figures: Record<string, number>;
  width: number | null;
  height: number | null;
  modified: number | null;
  taken: number | null;
  latitude: number | null;
  longitude: number | null;
  probability: number | null;
  reconstruction_error: number | null;
  outlier_score: number | null;
  sharpness: number | null;
  brightness: number | null;
  suggestion_confidence: number | null;
  inspection_score: number | null;
  camera: string | null;
  notes: string | null;
  text: string | null;
  group_name: string | null;
  label: string | null;
  suggestion: string | null;
  verdict: string | null;
  bytes: number | null;
  mode: string | null;
  id: string | null;
  metadata: [string, string][];
  fields: [string, string][];
  nearest: Near[];
  scale_note: string | null;
}

/** What is known of one image. */
export interface ImageVerdict {
  score: number | null;
  probability: number | null;
  called: string | null;
  verdict: string | null;
  is_added: boolean;
}

/** The inspector of a workspace, and what it found. */
export interface Inspection {
  model: string;
  name: string;
  state: string;
  note: string | null;
  can_learn: boolean;
  threshold: number;
  own_threshold: number;
  is_moved: boolean;
  requested: number;
  alarms: Alarms | null;
  scored: number;
  unscored: number;
  called_good: number;
  called_not_good: number;
  pending: number;
}

/** A job as the page sees it. */
export interface Job {
  id: number;
  kind: "run" | "check" | "group" | "map" | "evaluate" | "spread" | "judge";
  state: "running" | "done" | "failed" | "stopped";
  stage: string;
  done: number;
  total: number | null;
  unit: string;
  note: string;
  messages: string[];
  seconds: number;
  error: string | null;
  work: string | null;
  result: Record<string, unknown> | null;
}

/** Options of a job; each kind takes its own of these. */
export interface JobOptions {
  groups?: number | "auto" | null;
  minutes?: number | null;
  steps?: number | null;
  seed?: number | null;
  device?: string | null;
  folder?: string | null;
  rebuild?: boolean | null;
  threshold?: number | "auto" | null;
  method?: string | null;
  merge?: number | null;
  split?: number | null;
  labels?: string | null;
  error?: number | null;
  as_?: string | null;
  by?: string | null;
}

/** A job to start. */
export interface JobRequest {
  kind: "run" | "check" | "group" | "map" | "evaluate" | "spread" | "judge";
  options?: JobOptions;
}

/** Call inspected images good or not good. */
export interface Judge {
  revision: number;
  action: "judge";
  rows: number[];
  verdict: "good" | "not good" | null;
  by?: "word" | "threshold";
}

/** Confirm labels that a check doubts. */
export interface Keep {
  revision: number;
  action: "keep";
  rows: number[];
}

/** Label images, or remove their labels with None. */
export interface Label {
  revision: number;
  action: "label";
  rows: number[];
  label?: string | null;
}

/** A label with the number of its images. */
export interface LabelCount {
  name: string;
  count: number;
  colour: string;
}

/** A level of the tree as the page shows it. */
export interface Level {
  groups: number;
  stability: number | null;
  error: number | null;
  numbers: number[];
}

/** Mark images as wrong, or remove the mark. */
export interface Mark {
  revision: number;
  action: "mark";
  rows: number[];
  wrong: boolean;
}

/** Merge groups into one. */
export interface Merge {
  revision: number;
  action: "merge";
  groups: number[];
}

/** Labels that look wrong, the likeliest first. */
export interface Mislabelled {
  images: Doubt[];
}

/** Move images to a group. */
export interface Move {
  revision: number;
  action: "move";
  rows: number[];
  group: number;
}

/** Move all groups to another level of their tree. */
export interface MoveAlong {
  revision: number;
  action: "move_along";
  groups: number;
}

/** An image near another; the distance is 0 to 2. */
export interface Near {
  row: number;
  distance: number;
}

/** A kind of note, its number of files and examples. */
export interface NoteCount {
  kind: string;
  title: string;
  meaning: string;
  count: number;
  examples: Example[];
}

/** A workspace to show. */
export interface OpenRequest {
  work: string;
}

/** Everything that the page reads from registries. */
export interface PageMeta {
  columns: ColumnMeta[];
  sorts: SortMeta[];
  problems: ProblemMeta[];
  formats: FormatMeta[];
  methods: string[];
  maps: string[];
}

/** A picture with its address, as the page receives it. */
export interface PictureAddress {
  title: string;
  alt: string;
  meaning: string;
  url: string;
}

/** A folder under the server's root. */
export interface Place {
  root: string;
  folder: string;
  folders: string[];
  images: number;
}

/** Plan to clean up a kind of problem. */
export interface PlanRequest {
  revision: number;
  problem: "duplicates" | "near_duplicates" | "turned" | "bursts" | "outliers" | "blurred" | "dark" | "bright" | "mislabelled" | "leaked" | "not_good" | "wrong" | "suggested";
  keep: "best" | "largest" | "oldest" | "first";
}

/** What would follow if the threshold called these images so. */
export interface PreviewMove {
  revision: number;
  rows: number[];
  verdict: "good" | "not good";
}

/** A problem kind, with the order of its images. */
export interface ProblemMeta {
  name: string;
  word: string;
  title: string;
  meaning: string;
  has_sets: boolean;
  needs_check: boolean;
  measure: string | null;
  descending: boolean;
}

/** Everything of the page's *Quality*. */
export interface Quality {
  facts: Fact[];
  figures: FigureValue[];
  pictures: PictureAddress[];
  tables: Table[];
}

/** What was assumed of a collection and of its files. */
export interface Reading {
  assumed: string[];
  notes: NoteCount[];
  left_out: NoteCount[];
}

/** How well the network reconstructs an image. */
export interface Reconstruction {
  mse: number;
  psnr: number | null;
}

/** Bring back the files of a manifest of this workspace. */
export interface RestoreRequest {
  revision: number;
  manifest: string;
}

/** What was brought back. */
export interface Restored {
  restored: number;
  left: number;
}

/** The facts of an image. */
export interface RowFacts {
  row: number;
  path: string;
  group: number | null;
  wrong: boolean;
  duplicate_of: number | null;
  problems: string[];
  figures: Record<string, number>;
  width: number | null;
  height: number | null;
  modified: number | null;
  taken: number | null;
  latitude: number | null;
  longitude: number | null;
  probability: number | null;
  reconstruction_error: number | null;
  outlier_score: number | null;
  sharpness: number | null;
  brightness: number | null;
  suggestion_confidence: number | null;
  inspection_score: number | null;
  camera: string | null;
  notes: string | null;
  text: string | null;
  group_name: string | null;
  label: string | null;
  suggestion: string | null;
  verdict: string | null;
}

/** Facts of some rows. */
export interface Rows {
  revision: number;
  rows: number[];
}

/** Save the selected images under a name. */
export interface SaveSelection {
  revision: number;
  action: "save_selection";
  rows: number[];
  name: string;
}

/** The images nearest to a part of one. */
export interface SearchRegion {
  revision: number;
  row: number;
  k?: number;
  box: [number, number, number, number];
}

/** The images nearest to one of the collection. */
export interface SearchRow {
  revision: number;
  row: number;
  k?: number;
}

/** A search for images that fit what was typed. */
export interface SearchWords {
  revision: number;
  text: string;
  row?: number | null;
  k?: number;
}

/** Conditions, all of which hold, and an order. */
export interface Select {
  revision: number;
  group?: number | null;
  label?: string | null;
  problem?: "duplicates" | "near_duplicates" | "turned" | "bursts" | "outliers" | "blurred" | "dark" | "bright" | "mislabelled" | "leaked" | "not_good" | "wrong" | "suggested" | null;
  folder?: string | null;
  from?: number | null;
  to?: number | null;
  text?: string | null;
  rows?: number[] | null;
  fields?: FieldCondition[] | null;
  saved?: string | null;
  sort?: "path" | "modified" | "taken" | "probability" | "reconstruction_error" | "outlier_score" | "sharpness" | "brightness" | "suggestion_confidence" | "inspection_score";
  descending?: boolean;
}

/** Give images a value of a field, or remove theirs. */
export interface SetField {
  revision: number;
  action: "set_field";
  rows: number[];
  name: string;
  value?: string | number | string[] | null;
}

/** Keep a threshold for the workspace. */
export interface SetThreshold {
  revision: number;
  action: "threshold";
  value: number | null;
}

/** Sets of duplicates as rows, the one to keep first. */
export interface Sets {
  exact: number[][];
  near: number[][];
  turned: number[][];
  bursts: number[][];
}

/** An order of images. */
export interface SortMeta {
  key: string;
  title: string;
}

/** A set of vectors to show. */
export interface SpaceRequest {
  space?: string | null;
}

/** Split a group in two. */
export interface Split {
  revision: number;
  action: "split";
  group: number;
}

/** A table of text, as the page receives it. */
export interface Table {
  title: string;
  meaning: string;
  header: string[];
  rows: string[][];
}

/** The share of images that would be named rightly. */
export interface TeachAccuracy {
  value: number;
  low: number;
  high: number;
  labels: number;
}

/** Images of one name to accept with one edit. */
export interface TeachBatch {
  label: string;
  rows: number[];
  probability: number;
}

/** An image to label, and the likeliest name. */
export interface TeachImage {
  row: number;
  reason: string;
  label: string | null;
  probability: number | null;
}

/** What to label next, and what is learnt so far. */
export interface Teaching {
  images: TeachImage[];
  names: Counted[];
  accuracy: TeachAccuracy | null;
  batches: TeachBatch[];
  labelled: number;
  left: number;
  compared: number;
  learnt: number;
}

/** What another threshold would do. */
export interface ThresholdMove {
  threshold: number;
  old_threshold: number;
  more: number;
  fewer: number;
  alarms: Alarms | null;
}

/** Thumbnails of some rows. */
export interface Thumbnails {
  revision: number;
  rows: number[];
}

/** The levels of a tree, and the present one. */
export interface Tree {
  level: number;
  found: number;
  levels: Level[];
  colours: string[];
}

/** Undo the last thing done, or redo what was undone. */
export interface Undo {
  revision: number;
  action: "undo" | "redo";
  message?: string | null;
}

/** A file that cannot be used. */
export interface Unreadable {
  path: string;
  problem: string;
  detail: string;
}

/** Whether words can search the images. */
export interface WordsState {
  ready: boolean;
  message: string;
}
