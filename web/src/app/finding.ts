import { effect } from "@preact/signals";
import type { Collection, Filter, Near } from "../data/types";
import { attempt } from "./edits";
import { fileName } from "./format";
import { asked, collection, filter, opened, results, sheet, shown, source, view, type View } from "./store";

const NEAREST = 60;
export const FILTERED: readonly View[] = ["map", "grid", "table"]; // views that the filter narrows

/** Change some conditions; undefined takes one away. */
export function narrow(conditions: Partial<Filter>): void {
  filter.value = { ...filter.value, ...conditions };
  if (!FILTERED.includes(view.value)) view.value = "grid";
}

export function widen(): void {
  const { sort, descending } = filter.value;
  filter.value = { sort, descending };
}

function wantsAll({ sort, descending, ...conditions }: Filter): boolean {
  return (sort ?? "path") === "path" && !descending && Object.values(conditions).every((one) => one === undefined);
}

const everyRow = ({ images }: Collection) => new Uint32Array(images).map((_, row) => row);

/** Keep `shown` true to the filter. */
export function followFilter(): () => void {
  let turn = 0;
  return effect(() => {
    const wanted = filter.value;
    const current = collection.value;
    if (current === null) return;
    const mine = ++turn;
    if (wantsAll(wanted)) {
      shown.value = everyRow(current);
      return;
    }
    // Not within the effect: it would come to depend on whatever is read there.
    queueMicrotask(
      () =>
        void attempt(async () => {
          const rows = await source.select(wanted);
          if (mine === turn) shown.value = rows;
        }),
    );
  });
}

export function openImage(row: number, list: ArrayLike<number>): void {
  opened.value = { row, list };
}

let cameFrom: View = "map";

function showResults(title: string, near: Near[]): void {
  if (view.value !== "results") cameFrom = view.value;
  results.value = { title, near };
  opened.value = null;
  asked.value = null;
  sheet.value = null;
  view.value = "results";
}

export function leaveResults(): void {
  results.value = null;
  if (view.value === "results") view.value = cameFrom;
}

export function findSimilar(row: number): Promise<boolean> {
  return attempt(async () => {
    const [facts] = await source.rows([row]);
    showResults(`Nearest to ${fileName(facts?.path ?? "this image")}`, await source.searchRow(row, NEAREST));
  });
}

export function findRegion(row: number, path: string, box: [number, number, number, number]): Promise<boolean> {
  return attempt(async () => {
    const near = await source.searchRegion(row, box, NEAREST);
    showResults(`Nearest to a region of ${fileName(path)}`, near);
  });
}

export function findFile(file: File): Promise<boolean> {
  return attempt(async () => {
    showResults(`Nearest to ${file.name || "the pasted picture"}`, await source.searchFile(file, NEAREST));
  });
}
