import { batch } from "@preact/signals";
import { Refused } from "../data/source";
import type { Collection, Edit } from "../data/types";
import { facts, thumbs } from "./caches";
import {
  busy, tickedGroups, collection, filter, openDialog, opened, points, results, selection, shown, source, trouble,
} from "./store";
import { notify } from "./notifications";
import { forgetWords } from "./typed";

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Run some work, show that the page is busy, and report an error. Returns whether it succeeded. */
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
    await show(await source.collection()).catch((again: unknown) => notify(messageOf(again), { bad: true }));
    if (collection.value?.revision !== revision) {
      notify("The images changed meanwhile, so they were loaded again. Please repeat what you did.", { bad: true });
      return;
    }
  }
  notify(messageOf(error), { bad: true });
}

/** Send an edit; every edit of the page goes through here. Quietly: without a message, where the page shows what it did. */
export function edit(request: Edit, { quiet = false } = {}): Promise<boolean> {
  return attempt(async () => {
    const edited = await source.edit(request);
    await show(edited.collection);
    if (!quiet) notify(edited.message, { edited: true, undo: !isStepping(request) && edited.collection.undo !== null });
  });
}

function isStepping(request: Edit): boolean {
  return request.action === "undo" || request.action === "redo";
}

/** Undo what the page shows as the last; nothing where something else was done since, elsewhere. */
export function undo(): Promise<boolean> | undefined {
  const message = collection.value?.undo;
  return message ? edit({ action: "undo", message }) : undefined;
}

export function redo(): Promise<boolean> | undefined {
  const message = collection.value?.redo;
  return message ? edit({ action: "redo", message }) : undefined;
}

export async function load(): Promise<void> {
  try {
    trouble.value = null;
    await show(await source.collection());
  } catch (error) {
    trouble.value = messageOf(error);
  }
}

export function openWork(work: string): Promise<boolean> {
  return attempt(async () => {
    const next = await source.open(work);
    filter.value = {};
    await show(next);
    notify(`Opened ${next.name}.`);
  });
}

export function openSpace(space: string | null): Promise<boolean> {
  return attempt(async () => {
    const next = await source.openSpace(space);
    filter.value = {};
    await show(next);
    notify(space === null ? "The workspace's own vectors." : `Vectors of the space ${space}.`);
  });
}

function forgetRows(): void {
  batch(() => {
    selection.value = new Uint32Array();
    results.value = null;
    opened.value = null;
    openDialog.value = null;
    tickedGroups.value = [];
    shown.value = new Uint32Array();
    forgetWords(); // those beside an image, whose row is another's now
  });
  thumbs.clear();
  facts.clear();
}

let latest = 0;

/** Show this collection and its points; of several calls at a time the last one counts. */
export async function show(next: Collection): Promise<void> {
  const request = ++latest;
  const before = collection.value;
  if (before !== null && before.revision !== next.revision) forgetRows();
  const fetched = await source.points();
  if (request !== latest) return;
  batch(() => {
    collection.value = next;
    points.value = fetched;
    prune(next);
  });
  facts.refresh();
  document.title = `${next.name} · unpool`;
}

/** Drop groups and labels that no longer exist from the filter. */
function prune(next: Collection): void {
  const numbers = new Set(next.groups.map((group) => group.group));
  const names = new Set(next.labels.map((label) => label.name));
  const { group, label } = filter.value;
  tickedGroups.value = tickedGroups.value.filter((number) => numbers.has(number));
  if (group !== undefined && !numbers.has(group)) filter.value = { ...filter.value, group: undefined };
  if (label !== undefined && label !== "" && !names.has(label)) filter.value = { ...filter.value, label: undefined };
}
