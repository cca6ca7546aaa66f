import type { ComponentChild } from "preact";
import type { Collection, RowFacts, SortKey } from "../data/types";
import { day, figure, percent } from "../app/format";
import { source } from "../app/store";
import { GroupName } from "../app/Swatch";

export interface Column {
  name: string;
  sort?: SortKey;
  number?: boolean;
  known(collection: Collection): boolean; // whether it has anything to tell
  of(facts: RowFacts): ComponentChild;
}

const always = () => true;

export const PATH: Column = { name: "Path", sort: "path", known: always, of: ({ path }) => path };

export const COLUMNS: readonly Column[] = [
  { name: "Group", known: always, of: ({ group }) => <GroupName group={group} /> },
  { name: "Confidence", sort: "probability", number: true, known: always, of: ({ probability }) => percent(probability) },
  { name: "Label", known: always, of: ({ label }) => label ?? "" },
  {
    name: "Suggested",
    sort: "suggestion_confidence",
    known: ({ problems }) => source.editable && problems.suggested > 0,
    of: ({ suggestion, suggestion_confidence }) =>
      suggestion === null ? "" : `${suggestion} (${percent(suggestion_confidence)})`,
  },
  { name: "Size", number: true, known: always, of: ({ width, height }) => `${width} × ${height}` },
  {
    name: "Date",
    sort: "modified",
    known: ({ dates }) => source.editable && dates.first !== null,
    of: ({ modified }) => day(modified),
  },
  {
    name: "Outlier score",
    sort: "outlier_score",
    number: true,
    known: ({ checked }) => checked,
    of: ({ outlier_score }) => figure(outlier_score),
  },
  {
    name: "Reconstruction error",
    sort: "reconstruction_error",
    number: true,
    known: ({ has, checked }) => source.editable && has.mirror && checked,
    of: ({ reconstruction_error }) => figure(reconstruction_error),
  },
  {
    name: "Sharpness",
    sort: "sharpness",
    number: true,
    known: ({ checked }) => source.editable && checked,
    of: ({ sharpness }) => figure(sharpness),
  },
  {
    name: "Brightness",
    sort: "brightness",
    number: true,
    known: ({ checked }) => source.editable && checked,
    of: ({ brightness }) => figure(brightness),
  },
  { name: "Problems", known: () => source.editable, of: ({ problems, wrong }) => [wrong && "wrong", ...problems].filter(Boolean).join(", ") },
];
