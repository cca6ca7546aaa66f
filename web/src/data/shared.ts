import { Refused } from "./source";
import type { Collection, FieldCondition, Fields, Filter, Near, Points, Quality, Reading, Sets, Unreadable } from "./types";

/** What a static share carries, as JSON in its page. */
export interface Shared {
  collection: Collection;
  points: string; // base64 of the bytes of /api/points
  facts: Record<string, (string | number | null)[]>; // by column; `path` is always there
  problems: Record<string, number[]>; // the rows of each kind, the worst first
  figures: Record<string, Record<string, number>>; // by kind and row: what each was judged and sorted by
  sets: Sets;
  unreadable: Unreadable[];
  reading: Reading;
  thumbnails: Record<string, string>; // base64 WebP by row
  quality: Quality;
  originals: string | null; // relative URL of the folder of the images, for a page that stays beside them
  note: string | null; // what was left out of this file, as a sentence
  fields: (Fields & { values: Record<string, FieldRow[]> }) | null; // none where they would be too large
}

/** A number or a date, or the places of its values among those that are listed; null for none. */
type FieldRow = number | number[] | null;

const SAVED = "selections"; // the field of tags that saved selections are

export function pathsOf(shared: Shared): string[] {
  return shared.facts.path as string[];
}

/** The rows a filter selects, in its order; rows without a value come last. */
export function selectRows(shared: Shared, points: Points, filter: Filter): Uint32Array {
  if (filter.from !== undefined || filter.to !== undefined) {
    throw new Refused("A shared page does not carry the dates of images.", 405);
  }
  const listed = filter.problem === undefined ? undefined : new Set(shared.problems[filter.problem] ?? []);
  const rows = filter.rows ?? (listed ? [...listed] : pathsOf(shared).map((_, row) => row));
  const matches = matcher(shared, points, filter);
  const kept = rows.filter((row) => (listed?.has(row) ?? true) && matches(row));
  const values = filter.sort === undefined || filter.sort === "path" ? undefined : shared.facts[filter.sort];
  if (values) {
    const value = (row: number) => (values[row] as number | null | undefined) ?? null;
    kept.sort((a, b) => compare(value(a), value(b), filter.descending ?? false) || a - b);
  } else if (filter.descending && filter.problem === undefined) {
    kept.sort((a, b) => b - a);
  }
  return Uint32Array.from(kept);
}

/** By row the place of its value, or of its range, among those of the field; -1 for none. */
export function placesOf({ fields }: Shared, name: string): Int32Array {
  const bins = fields?.fields.find((one) => one.name === name)?.bins ?? [];
  const binOf = (value: number) => Math.max(0, bins.findLastIndex(({ low }) => low <= value));
  const places = (fields?.values[name] ?? []).map((value) => {
    if (value === null) return -1;
    return typeof value === "number" ? binOf(value) : Math.max(-1, ...value);
  });
  return Int32Array.from(places);
}

function meets({ fields }: Shared, condition: FieldCondition): (row: number) => boolean {
  const { name, any, low, high, missing } = condition;
  const values = fields?.values[name] ?? [];
  const listed = name === SAVED ? (fields?.saved ?? []) : (fields?.fields.find((one) => one.name === name)?.values ?? []);
  const wanted = any && new Set(listed.flatMap((value, place) => (any.includes(value.name) ? [place] : [])));
  return (row) => {
    const value = values[row] ?? null;
    if (missing || value === null) return Boolean(missing) && value === null;
    if (typeof value === "number") return value >= (low ?? -Infinity) && value <= (high ?? Infinity);
    return low == null && high == null && (wanted == null || value.some((place) => wanted.has(place)));
  };
}

/** The rows nearest on the map: a share carries no vectors to compare. */
export function nearestOnMap(points: Points, row: number, k: number): Near[] {
  const { x, y } = points;
  const apart = Array.from(x, (at, other) => ({ row: other, distance: Math.hypot(at - x[row]!, y[other]! - y[row]!) }));
  return apart
    .filter((near) => near.row !== row && !Number.isNaN(near.distance))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, k);
}

function matcher(shared: Shared, points: Points, filter: Filter): (row: number) => boolean {
  const { group, label, folder } = filter;
  const paths = pathsOf(shared);
  const labels = shared.facts.label ?? [];
  const text = filter.text?.toLowerCase() ?? "";
  const saved = filter.saved === undefined ? [] : [{ name: SAVED, any: [filter.saved] }];
  const conditions = [...(filter.fields ?? []), ...saved].map((one) => meets(shared, one));
  const isInside = (path: string) =>
    folder === undefined || (folder === "" ? !path.includes("/") : path.startsWith(`${folder}/`));
  return (row) =>
    (group === undefined || points.group[row] === group) &&
    (label === undefined || (labels[row] ?? "") === label) &&
    isInside(paths[row] ?? "") &&
    conditions.every((isMet) => isMet(row)) &&
    (paths[row] ?? "").toLowerCase().includes(text);
}

function compare(a: number | null, b: number | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return descending ? b - a : a - b;
}
