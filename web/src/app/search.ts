import { effect } from "@preact/signals";
import type { Collection, Filter, Near } from "../data/types";
import { attempt } from "./edits";
import { fileName } from "./format";
import { forgetWords } from "./typed";
import { collection, filter, openDialog, opened, results, sheet, shown, source, view, type View } from "./store";

export const NEAREST = 60;
export const FILTERED: readonly View[] = ["map", "grid", "table"]; // views that the filter narrows

/** Change some conditions of the filter; undefined removes one. */
export function narrow(conditions: Partial<Filter>): void {
  filter.value = { ...filter.value, ...conditions };
  if (!FILTERED.includes(view.value)) view.value = "grid";
}

export function widen(): void {
  const { sort, descending } = filter.value;
  filter.value = { sort, descending };
}

function selectsAll({ sort, descending, ...conditions }: Filter): boolean {
  return (sort ?? "path") === "path" && !descending && Object.values(conditions).every((one) => one === undefined);
}

const everyRow = ({ images }: Collection) => new Uint32Array(images).map((_, row) => row);

/** Update `shown` whenever the filter changes. */
export function followFilter(): () => void {
  let latest = 0;
  return effect(() => {
    const conditions = filter.value;
    const current = collection.value;
    if (current === null) return;
    const request = ++latest;
    if (selectsAll(conditions)) {
      shown.value = everyRow(current);
      return;
    }
    // Outside the effect, which would otherwise depend on every signal read here.
    queueMicrotask(
      () =>
        void attempt(async () => {
          const rows = await source.select(conditions);
          if (request === latest) shown.value = rows;
        }),
    );
  });
}

export function openImage(row: number, list: ArrayLike<number>): void {
  opened.value = { row, list };
}

let cameFrom: View = "map";

export function showResults(title: string, near: Near[], row: number | null = null): void {
  if (view.value !== "results") cameFrom = view.value;
  results.value = { title, near, row };
  opened.value = null;
  openDialog.value = null;
  sheet.value = null;
  view.value = "results";
}

export function leaveResults(): void {
  forgetWords();
  results.value = null;
  if (view.value === "results") view.value = cameFrom;
}

export function findSimilar(row: number): Promise<boolean> {
  return attempt(async () => {
    const [facts] = await source.rows([row]);
    const near = await source.searchRow(row, NEAREST);
    forgetWords();
    showResults(`Nearest to ${fileName(facts?.path ?? "this image")}`, near, row);
  });
}

export function findRegion(row: number, path: string, box: [number, number, number, number]): Promise<boolean> {
  return attempt(async () => {
    const near = await source.searchRegion(row, box, NEAREST);
    forgetWords();
    showResults(`Nearest to a region of ${fileName(path)}`, near);
  });
}

export function findFile(file: File): Promise<boolean> {
  return attempt(async () => {
    const near = await source.searchFile(file, NEAREST);
    forgetWords();
    showResults(`Nearest to ${file.name || "the pasted picture"}`, near);
  });
}
