/** What the server and a static share answer. A row is an image: its place in the collection sorted by path. */
import type {
  Decide, ForgetSelection, Judge, Keep, Label, Mark, Merge, Move, MoveAlong, RowFacts, SaveSelection, Select, SetField, SetThreshold, Split, Undo,
} from "./api";

export type {
  Collection, ColumnMeta, Counted, Doubt, Edited, Exported, FieldBin, FieldCondition, FieldFacet, Fields, FormatMeta, FoundByWords, Group,
  ImageFacts, ImageVerdict, Inspection, Job, LabelCount, Level, Mislabelled, Near, NoteCount, PageMeta, Place, ProblemMeta, Quality, Reading,
  Reconstruction, RowFacts, Sets, SortMeta, Teaching, ThresholdMove, Tree, Unreadable,
} from "./api";
export type { Cleaned, CleanPlan, Restored } from "./pending";

/** Names that the server declares in its registries; `Collection.meta` lists them. */
export type ProblemKind = string;
export type SortKey = string;
export type JobKind = "run" | "check" | "group" | "map" | "evaluate" | "spread" | "judge";

type Known<T> = { [Key in keyof T]?: Exclude<T[Key], null> };
type OnRows<T> = T extends unknown ? Omit<T, "revision"> : never;

/** Conditions, all of which hold, and an order; the revision is added by the source. */
export type Filter = Omit<Known<Select>, "revision" | "problem" | "sort"> & { problem?: ProblemKind; sort?: SortKey };

export type Edit = OnRows<
  Label | Move | Mark | Merge | Split | MoveAlong | Decide | Keep | Judge | SetThreshold | SetField | SaveSelection | ForgetSelection | Undo
>;

/** One entry an image; `label` is a place in `Collection.labels`, -1 for none. Places are -1 to 1, y upwards, NaN off the map. */
export interface Points {
  x: Float32Array;
  y: Float32Array;
  group: Int32Array;
  label: Int32Array;
  priority: Uint32Array; // 0 is shown first where there is room for some pictures only
  leaf: Int32Array; // of the tree of groups, -1 for an image in none or in a group made by hand
}

/** The value of a column for an image; null where it has none. */
export function valueOf(facts: RowFacts, column: string): string | number | boolean | null {
  const value = (facts as unknown as Record<string, unknown>)[column];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
