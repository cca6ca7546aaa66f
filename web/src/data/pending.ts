/** Until the server's description has it. */
export interface Teaching {
  images: { row: number; reason: string; label: string | null; probability: number | null }[];
  names: { name: string; count: number }[];
  accuracy: { value: number; low: number; high: number; labels: number } | null;
  batches: { label: string; rows: number[]; probability: number }[];
  labelled: number;
  left: number;
  compared: number;
  learnt: number;
}

export interface Doubt {
  row: number;
  label: string;
  looks: string;
  probability: number;
}

export interface Mislabelled {
  images: Doubt[];
}

export interface FieldValue {
  name: string;
  count: number;
  colour: string;
}

export interface FieldBin {
  low: number;
  high: number;
  count: number;
  colour: string;
}

export interface FieldFacet {
  name: string;
  kind: "choice" | "tags" | "number" | "date" | "text";
  images: number;
  values: FieldValue[];
  others: number;
  bins: FieldBin[];
}

export interface Fields {
  fields: FieldFacet[];
  saved: { name: string; count: number }[];
}

export interface FieldCondition {
  name: string;
  any?: string[];
  low?: number | null;
  high?: number | null;
}

export interface Keep {
  action: "keep";
  revision: number;
  rows: number[];
}

export interface SaveSelection {
  action: "save_selection";
  revision: number;
  name: string;
  rows: number[];
}

export interface ForgetSelection {
  action: "forget_selection";
  revision: number;
  name: string;
}

export interface CleanStack {
  rows: number[]; // those that stay first
  stay: number; // how many of them stay
}

export interface CleanPlan {
  stacks: CleanStack[];
  images: number; // that go
  bytes: number;
  token: string;
}

export interface Cleaned {
  kept: number;
  moved: number;
  bytes: number;
  manifest: string;
}
