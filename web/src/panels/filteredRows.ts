import { attempt } from "../app/edits";
import { select } from "../app/selectionActions";
import { source } from "../app/store";
import type { Filter } from "../data/types";

/** All rows that a filter leaves; null where that failed, which has been reported. */
export async function filteredRows(filter: Filter): Promise<number[] | null> {
  let rows: number[] | null = null;
  await attempt(async () => {
    rows = Array.from(await source.select(filter));
  });
  return rows;
}

/** Select what any of these filters leaves. */
export function selectWhere(filters: Filter[]): Promise<boolean> {
  return attempt(async () => {
    const found = await Promise.all(filters.map((filter) => source.select(filter)));
    select(new Set(found.flatMap((rows) => Array.from(rows))));
  });
}
