import { Refused } from "./source";
import type { Collection, Filter, Near, Points, Quality } from "./types";

/** What a static share carries, as JSON in its page. */
export interface Shared {
  collection: Collection;
  points: string; // base64 of the bytes of /api/points
  facts: {
    path: string[];
    probability: (number | null)[];
    width: number[];
    height: number[];
    outlier_score: (number | null)[];
    label: (string | null)[];
  };
  thumbnails: Record<string, string>; // base64 WebP by row
  quality: Quality;
}

/** The rows a filter keeps, in the order it asks for; rows without a value come last. */
export function selectRows(shared: Shared, points: Points, filter: Filter): Uint32Array {
  if (filter.problem !== undefined || filter.from !== undefined || filter.to !== undefined) {
    throw new Refused("A shared page does not carry problems and dates of images.", 405);
  }
  const rows = filter.rows ?? Array.from({ length: shared.facts.path.length }, (_, row) => row);
  const kept = rows.filter(keeper(shared, points, filter));
  const value = sorter(shared, filter);
  if (value !== null) kept.sort((a, b) => compare(value(a), value(b), filter.descending ?? false) || a - b);
  else if (filter.descending) kept.sort((a, b) => b - a);
  return Uint32Array.from(kept);
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

function keeper({ facts }: Shared, points: Points, filter: Filter): (row: number) => boolean {
  const { group, label } = filter;
  const text = filter.text?.toLowerCase() ?? "";
  const { folder } = filter;
  const lies = (path: string) =>
    folder === undefined || (folder === "" ? !path.includes("/") : path.startsWith(`${folder}/`));
  return (row) =>
    (group === undefined || points.group[row] === group) &&
    (label === undefined || (facts.label[row] ?? "") === label) &&
    lies(facts.path[row] ?? "") &&
    (facts.path[row] ?? "").toLowerCase().includes(text);
}

function sorter({ facts }: Shared, filter: Filter): ((row: number) => number | null) | null {
  if (filter.sort === "outlier_score") return (row) => facts.outlier_score[row] ?? null;
  if (filter.sort === "probability") return (row) => facts.probability[row] ?? null;
  return null;
}

function compare(a: number | null, b: number | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return descending ? b - a : a - b;
}
