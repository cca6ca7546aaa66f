import type { ComponentChild } from "preact";
import { bytes, clock, day, degrees, figure, percent } from "../app/format";
import { GroupName } from "../app/Swatch";
import { valueOf, type Collection, type ColumnMeta, type RowFacts } from "../data/types";

type Writer = (facts: RowFacts, column: string) => ComponentChild;

const numberOf = (facts: RowFacts, column: string) => {
  const value = valueOf(facts, column);
  return typeof value === "number" ? value : null;
};
const text: Writer = (facts, column) => String(valueOf(facts, column) ?? "");

const WRITERS: Record<ColumnMeta["format"], Writer> = {
  text,
  path: text,
  size: ({ width, height }) => `${width} × ${height}`,
  bytes: (facts, column) => bytes(numberOf(facts, column)),
  date: (facts, column) => day(numberOf(facts, column)),
  taken: (facts, column) => clock(numberOf(facts, column)),
  degrees: (facts, column) => degrees(numberOf(facts, column)),
  group: ({ group }) => <GroupName group={group} />,
  percent: (facts, column) => percent(numberOf(facts, column)),
  figure: (facts, column) => figure(numberOf(facts, column)),
  suggestion: ({ suggestion, suggestion_confidence }) =>
    suggestion ? `${suggestion} (${percent(suggestion_confidence)})` : "",
  problems: ({ problems, wrong }) => [wrong && "wrong", ...problems].filter(Boolean).join(", "),
};

/** The columns in which any image has a value, the path first. */
export function knownColumns({ columns, meta }: Collection): ColumnMeta[] {
  return meta.columns.filter((column) => columns.includes(column.name));
}

/** The value of a column as it stands in the table. */
export function cell(facts: RowFacts, column: ColumnMeta): ComponentChild {
  return WRITERS[column.format](facts, column.name);
}

/** A measure of an image as its column writes it; undefined where it has none. */
export function measureText(facts: RowFacts, measure: string, { meta }: Collection): string | undefined {
  const column = meta.columns.find((one) => one.sort === measure);
  if (column === undefined || valueOf(facts, measure) === null) return undefined;
  const written = cell(facts, column);
  return typeof written === "string" ? written : undefined;
}
