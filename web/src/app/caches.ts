import type { RowFacts } from "../data/types";
import { Batched } from "./batched";
import { attempt } from "./edits";
import { source } from "./store";

const failed = (error: unknown) =>
  void attempt(() => {
    throw error;
  });

/** Addresses of thumbnails; null for an image that has none. */
export const thumbs = new Batched<string | null>({
  fetch: async (rows) => {
    const blobs = await source.thumbnails(rows);
    return blobs.map((blob) => (blob === null ? null : URL.createObjectURL(blob)));
  },
  atOnce: 2000,
  keep: 1500,
  drop: (url) => url !== null && URL.revokeObjectURL(url),
  failed,
});

export const facts = new Batched<RowFacts>({ fetch: (rows) => source.rows(rows), atOnce: 1000, keep: 2000, failed });
