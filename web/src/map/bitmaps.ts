import type { Source } from "../data/source";

const KEPT = 4_000; // decoded thumbnails; the largest screen shows fewer than half as many
const AT_A_TIME = 2_000; // rows a request may name

/** Thumbnails decoded once and kept, the least recently drawn forgotten first. */
export interface Bitmaps {
  get(row: number): ImageBitmap | null | undefined; // null: the image has none; undefined: not known yet
  want(rows: number[]): Promise<void>; // resolves once all of them are known
  clear(): void;
}

export function createBitmaps(source: Pick<Source, "thumbnails">, arrived: () => void): Bitmaps {
  const kept = new Map<number, ImageBitmap | null>();
  const pending = new Map<number, Promise<void>>();
  let generation = 0; // rows mean other images after a change of the collection

  function get(row: number): ImageBitmap | null | undefined {
    const bitmap = kept.get(row);
    if (bitmap !== undefined) {
      kept.delete(row);
      kept.set(row, bitmap);
    }
    return bitmap;
  }

  function keep(row: number, bitmap: ImageBitmap | null): void {
    kept.set(row, bitmap);
    if (kept.size <= KEPT) return;
    for (const [oldest, forgotten] of kept) {
      kept.delete(oldest);
      forgotten?.close();
      return;
    }
  }

  async function fetchAll(rows: number[], asOf: number): Promise<void> {
    const answers = await source.thumbnails(rows);
    await Promise.all(rows.map(async (row, place) => {
      const answer = answers[place] ?? null;
      const bitmap = answer === null ? null : await createImageBitmap(answer).catch(() => null);
      if (asOf !== generation) return bitmap?.close();
      keep(row, bitmap);
      arrived();
    }));
  }

  async function want(rows: number[]): Promise<void> {
    const missing = rows.filter((row) => !kept.has(row) && !pending.has(row)).slice(0, AT_A_TIME);
    if (missing.length > 0) {
      const asOf = generation;
      const answer = fetchAll(missing, asOf).finally(() => {
        if (asOf === generation) for (const row of missing) pending.delete(row);
      });
      for (const row of missing) pending.set(row, answer);
    }
    await Promise.all(new Set(rows.flatMap((row) => pending.get(row) ?? [])));
  }

  function clear(): void {
    generation++;
    for (const bitmap of kept.values()) bitmap?.close();
    kept.clear();
    pending.clear();
  }

  return { get, want, clear };
}
