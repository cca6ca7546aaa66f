import type {
  Cleaned, CleanPlan, Collection, Edit, Edited, Exported, Fields, Filter, FoundByWords, ImageFacts, ImageVerdict, Job, JobKind, Mislabelled, Near, Place, Points,
  Quality, Reading, Reconstruction, Restored, RowFacts, Sets, Teaching, ThresholdMove, Unreadable,
} from "./types";

/** Where the page's answers come from: a server, or what a static share carries. */
export interface Source {
  readonly editable: boolean; // false in a static share: no edits, jobs or searches by file
  readonly note: string | null; // what a static share leaves out, as a sentence
  collection(): Promise<Collection>;
  points(): Promise<Points>;
  thumbnails(rows: number[]): Promise<(Blob | null)[]>; // at most 2,000 at a time; one request
  select(filter: Filter): Promise<Uint32Array>;
  rows(rows: number[]): Promise<RowFacts[]>; // at most 1,000 at a time
  image(row: number): Promise<ImageFacts>;
  originalUrl(row: number): string | null; // a picture any browser shows, upright, at most 2,048 pixels a side
  overlayUrl(row: number, scaled: boolean): string | null; // scaled: at the sizes that the segmenter learnt
  reconstruction(row: number): Promise<Reconstruction>;
  reconstructionUrl(row: number, part: "input" | "output" | "error"): string | null;
  searchRow(row: number, k: number): Promise<Near[]>;
  searchRegion(row: number, box: [number, number, number, number], k: number): Promise<Near[]>; // x0 y0 x1 y1 in 0..1
  searchFile(file: Blob, k: number): Promise<Near[]>;
  searchWords(text: string, row: number | null, k: number, signal: AbortSignal): Promise<FoundByWords>; // row: an image beside
  edit(edit: Edit): Promise<Edited>;
  teach(skipped: number): Promise<Teaching>; // the images to label next, beside as many as were skipped
  mislabelled(): Promise<Mislabelled>;
  verdicts(rows: number[]): Promise<ImageVerdict[]>; // of the inspector and of people, at most 1,000 at a time
  heat(row: number): Promise<Blob>; // the heat map over the image, a PNG
  previewMove(rows: number[], verdict: "good" | "not good"): Promise<ThresholdMove>; // if the threshold said so too
  fields(): Promise<Fields>;
  codes(field: string): Promise<Int32Array>; // by row the place of its value, or of its range, in the field; -1 for none
  planCleaning(problem: string, keep: string): Promise<CleanPlan>;
  clean(token: string, to: string): Promise<Cleaned>; // what the plan with this token says, and nothing else
  restore(manifest: string): Promise<Restored>;
  quality(): Promise<Quality>;
  duplicates(): Promise<Sets>;
  unreadable(): Promise<Unreadable[]>;
  reading(): Promise<Reading>;
  start(kind: JobKind, options: Record<string, string | number | boolean>): Promise<Job>;
  stop(): Promise<void>;
  watch(report: (job: Job | null) => void): () => void; // called at once and at every change; returns how to end it
  places(folder: string): Promise<Place>;
  open(work: string): Promise<Collection>; // show another workspace, one that a run has made
  openSpace(space: string | null): Promise<Collection>; // show another set of vectors of the workspace
  exportFile(to: string, rows: number[] | null): Promise<Blob>;
  exportFolders(to: string, name: string, rows: number[] | null, link: boolean): Promise<Exported>;
}

/** A request that failed, with a message for people. `stale` where the collection has changed meanwhile. */
export class Refused extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
  }
  get stale(): boolean {
    return this.status === 409;
  }
}
