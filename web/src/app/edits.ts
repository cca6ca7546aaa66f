import { batch } from "@preact/signals";
import { Refused } from "../data/source";
import type { Collection, Edit } from "../data/types";
import { facts, thumbs } from "./caches";
import {
  asked, busy, chosen, collection, filter, opened, points, results, selection, shown, source, trouble,
} from "./store";
import { tell } from "./telling";

const inWords = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Do it, showing that the page is busy, and tell where it fails. Whether it was done. */
export async function attempt(work: () => void | Promise<void>): Promise<boolean> {
  busy.value += 1;
  try {
    await work();
    return true;
  } catch (error) {
    await explain(error);
    return false;
  } finally {
    busy.value -= 1;
  }
}

async function explain(error: unknown): Promise<void> {
  const revision = collection.value?.revision;
  if (error instanceof Refused && error.stale && revision !== undefined) {
    await show(await source.collection()).catch((again: unknown) => tell(inWords(again), { bad: true }));
    if (collection.value?.revision !== revision) {
      tell("The images changed meanwhile, so they were loaded again. Please repeat what you did.", { bad: true });
      return;
    }
  }
  tell(inWords(error), { bad: true });
}

/** Change something: every edit of the page goes through here. */
export function edit(wanted: Edit): Promise<boolean> {
  return attempt(async () => {
    const edited = await source.edit(wanted);
    await show(edited.collection);
    tell(edited.told, { edited: true, undo: wanted.action !== "undo" && edited.collection.undo !== null });
  });
}

export function undo(): Promise<boolean> | undefined {
  return collection.value?.undo ? edit({ action: "undo" }) : undefined;
}

export async function load(): Promise<void> {
  try {
    trouble.value = null;
    await show(await source.collection());
  } catch (error) {
    trouble.value = inWords(error);
  }
}

export function openWork(work: string): Promise<boolean> {
  return attempt(async () => {
    const next = await source.open(work);
    filter.value = {};
    await show(next);
    tell(`Opened ${next.name}.`);
  });
}

function forgetRows(): void {
  batch(() => {
    selection.value = new Uint32Array();
    results.value = null;
    opened.value = null;
    asked.value = null;
    chosen.value = [];
    shown.value = new Uint32Array();
  });
  thumbs.clear();
  facts.clear();
}

let turn = 0;

/** Make this the collection that is shown, with its points; of several at a time the last counts. */
export async function show(next: Collection): Promise<void> {
  const mine = ++turn;
  const before = collection.value;
  if (before !== null && before.revision !== next.revision) forgetRows();
  const fetched = await source.points();
  if (mine !== turn) return;
  batch(() => {
    collection.value = next;
    points.value = fetched;
    prune(next);
  });
  facts.refresh();
  document.title = `${next.name} · unpool`;
}

/** Let go of groups and labels that are no more. */
function prune(next: Collection): void {
  const numbers = new Set(next.groups.map((group) => group.group));
  const names = new Set(next.labels.map((label) => label.name));
  const { group, label } = filter.value;
  chosen.value = chosen.value.filter((number) => numbers.has(number));
  if (group !== undefined && !numbers.has(group)) filter.value = { ...filter.value, group: undefined };
  if (label !== undefined && label !== "" && !names.has(label)) filter.value = { ...filter.value, label: undefined };
}
