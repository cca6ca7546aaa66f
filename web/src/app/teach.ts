import { batch, computed, effect, signal } from "@preact/signals";
import type { Teaching } from "../data/types";
import { attempt, edit, undo } from "./edits";
import { collection, source, view, type View } from "./store";

/** Teaching: what is shown, and what the keys do. Nothing that was seen changes under the hand of who looks at it. */

export type Next = Teaching["images"][number];
export type Batch = Teaching["batches"][number];

interface Step {
  next: Next;
  label: string | null; // null: it was skipped
  rows: number[];
  message: string | null; // of the edit, as the server calls it
}

const UNSEEN = 400; // milliseconds in which nobody can look at twenty pictures
const KEYS = 9;
const WAIT = 500; // milliseconds until what the newest labels teach is requested again
const TRIES = 5;

export const teaching = signal<Teaching | null>(null); // the latest answer
export const failed = signal(false); // there is no answer
export const current = signal<Next | null>(null);
export const offered = signal<Batch | null>(null); // images of one name, offered together
export const leftOut = signal<ReadonlySet<number>>(new Set()); // of those
export const estimates = signal<readonly NonNullable<Teaching["accuracy"]>[]>([]); // of this session
export const names = signal<readonly string[]>([]); // in an order that stays: keys are learnt by heart
export const steps = signal<readonly Step[]>([]);
export const upcoming = computed(() => teaching.value?.images.find((one) => isOpen(one.row) && one !== current.value));

const skipped = new Set<number>();
/** Rows given a name: null until that is answered, then the number of the latest request, whose answer may not know it. */
const given = new Map<number, number | null>();
const rejected = new Set<string>(); // rows with a name that they do not have
let shownAt = 0; // when the batch came on the page
let latest = 0;
let tries = 0; // requests since the last one that brought something new
let known = ""; // what the last answer rests on
let revision: number | undefined;
let sent: Promise<unknown> = Promise.resolve();

const isOpen = (row: number) => !skipped.has(row) && !given.has(row);
const pair = (row: number, label: string) => `${row} ${label}`;

/** Follow the collection while the view is open; returns how to end it. */
export function followTeaching(): () => void {
  return effect(() => {
    if (view.value === "teach" && source.editable && (collection.value?.images ?? 0) > 0) queueMicrotask(() => void refresh());
  });
}

/** Ask what to label next. */
export async function refresh(): Promise<void> {
  const request = ++latest;
  if (revision !== collection.value?.revision) forget();
  const succeeded = await attempt(async () => {
    const answer = await source.teach(skipped.size);
    if (request !== latest) return;
    for (const [row, before] of given) if (before !== null && before < request) given.delete(row);
    take(answer);
  });
  if (request === latest) failed.value = !succeeded;
}

/** Rows mean other images now. */
function forget(): void {
  revision = collection.value?.revision;
  skipped.clear();
  given.clear();
  rejected.clear();
  batch(() => {
    [teaching.value, current.value, offered.value] = [null, null, null];
    [steps.value, estimates.value, names.value] = [[], [], []];
  });
}

function take(answer: Teaching): void {
  batch(() => {
    teaching.value = answer;
    const used = steps.value.flatMap((step) => step.label ?? []);
    names.value = inOrder(names.value, answer, used);
    const { accuracy } = answer;
    const last = estimates.value.at(-1);
    if (accuracy !== null && accuracy.labels !== last?.labels) estimates.value = [...estimates.value, accuracy];
    if (current.value === null) advance();
    else if (offered.value === null) offer();
  });
  wait(answer);
}

/** Ask again soon where the answer, or its estimate, does not rest on the newest labels yet. */
function wait(answer: Teaching): void {
  const { learnt, labelled, accuracy } = answer;
  const state = `${learnt} ${accuracy?.labels}`;
  tries = state === known ? tries + 1 : 0;
  known = state;
  const isEstimated = answer.names.length < 2 || (accuracy?.labels ?? 0) >= learnt;
  if ((learnt >= labelled && isEstimated) || tries > TRIES) return;
  const request = latest;
  setTimeout(() => {
    if (request === latest && view.value === "teach") void refresh();
  }, WAIT);
}

/** Names keep their places; new ones come after them. Those that were just used may be too new for the answer. */
export function inOrder(before: readonly string[], answer: Pick<Teaching, "names">, used: readonly string[]): string[] {
  const now = [...answer.names.map(({ name }) => name), ...used];
  const kept = before.filter((name) => now.includes(name));
  return [...new Set([...kept, ...now])];
}

function advance(): void {
  current.value = teaching.value?.images.find(({ row }) => isOpen(row)) ?? null;
  offer();
}

/** Offer the best batch, without what was rejected. */
function offer(): void {
  const wanted = (label: string) => (row: number) => isOpen(row) && !rejected.has(pair(row, label));
  const left = teaching.value?.batches.map((one) => ({ ...one, rows: one.rows.filter(wanted(one.label)) })) ?? [];
  const best = left.find(({ rows }) => rows.length > 0) ?? null;
  const before = offered.value;
  if (best !== null && best.label === before?.label && best.rows.join() === before.rows.join()) return;
  offered.value = best;
  leftOut.value = new Set();
  shownAt = performance.now();
}

/** Label images after those before them, without waiting for the answer. */
function label(rows: number[], name: string, next: Next): void {
  const step: Step = { next, label: name, rows, message: null };
  steps.value = [...steps.value, step];
  for (const row of rows) given.set(row, null);
  sent = sent.then(async () => {
    const succeeded = await edit({ action: "label", rows, label: name }, { quiet: true });
    if (succeeded) step.message = collection.value?.undo ?? null;
    for (const row of rows) if (succeeded) given.set(row, latest); else given.delete(row);
    if (succeeded) return;
    steps.value = steps.value.filter((other) => other !== step);
    current.value = next;
  });
}

/** Give the image this name, and go on to the next one. */
export function assign(name: string): void {
  const next = current.value;
  if (next === null || name.trim() === "") return;
  batch(() => {
    if (!names.value.includes(name.trim())) names.value = [...names.value, name.trim()];
    label([next.row], name.trim(), next);
    advance();
  });
}

export function acceptSuggestion(): void {
  if (current.value?.label) assign(current.value.label);
}

export function skip(): void {
  const next = current.value;
  if (next === null) return;
  skipped.add(next.row);
  batch(() => {
    steps.value = [...steps.value, { next, label: null, rows: [next.row], message: null }];
    advance();
  });
  if (upcoming.value === undefined) void refresh();
}

/** Take the last step back, and show its image again. */
export function takeBack(): void {
  const step = steps.value.at(-1);
  if (step === undefined) return;
  batch(() => {
    steps.value = steps.value.slice(0, -1);
    current.value = step.next;
  });
  for (const row of step.rows) skipped.delete(row);
  if (step.label === null) return;
  sent = sent.then(async () => {
    const { message } = step; // none where the label was not taken
    if (message !== null) await edit({ action: "undo", message }, { quiet: true });
  });
}

export function leaveOut(row: number): void {
  const next = new Set(leftOut.value);
  if (!next.delete(row)) next.add(row);
  leftOut.value = next;
}

/** Give all that were not left out their name; nothing as long as nobody can have looked at them. */
export function acceptBatch(): void {
  const shown = offered.value;
  const was = current.value;
  if (shown === null || was === null || performance.now() - shownAt < UNSEEN) return;
  const rows = shown.rows.filter((row) => !leftOut.value.has(row));
  reject([...leftOut.value], shown.label);
  batch(() => {
    if (rows.length > 0) label(rows, shown.label, was);
    if (rows.includes(was.row)) advance();
    else offer();
  });
}

export function rejectBatch(): void {
  if (offered.value === null) return;
  reject(offered.value.rows, offered.value.label);
  offer();
}

function reject(rows: number[], label: string): void {
  for (const row of rows) rejected.add(pair(row, label));
}

let cameFrom: View = "map";

export function openTeaching(): void {
  if (!source.editable) return;
  if (view.value !== "teach") cameFrom = view.value;
  view.value = "teach";
}

export function leaveTeaching(): void {
  view.value = cameFrom === "results" ? "map" : cameFrom;
}

const ALONE: Record<string, () => void> = {
  Enter: acceptSuggestion,
  Backspace: takeBack,
  ArrowLeft: takeBack,
  ArrowRight: skip,
  s: skip,
  a: acceptBatch,
  x: rejectBatch,
  n: () => document.getElementById("new-name")?.focus(),
  Escape: leaveTeaching,
};

/** Do what a key means while teaching. Returns whether it means anything. */
export function pressWhileTeaching(event: KeyboardEvent): boolean {
  const isOnButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary") !== null;
  if (event.key === "Enter" && isOnButton) return false; // the button's own key
  const place = Number(event.key) - 1;
  const name = place >= 0 && place < KEYS ? names.value[place] : undefined;
  const act = name === undefined ? ALONE[event.key] : () => assign(name);
  if (act === undefined) return place >= 0 && place < KEYS; // a number without a name opens no other view either
  if (!event.repeat) act(); // a key held down is not a decision on every image
  return true;
}

/** Undo the last step of this session, or else whatever was done last. */
export function undoWhileTeaching(): void {
  if (steps.value.length > 0) takeBack();
  else void undo();
}
