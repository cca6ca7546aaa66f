import { effect, signal } from "@preact/signals";
import type { ImageVerdict, Job } from "../data/types";
import { Batched } from "./batched";
import { facts } from "./caches";
import { attempt, edit } from "./edits";
import { figure, plural } from "./format";
import { start, whenEnded } from "./jobs";
import { notify } from "./notifications";
import { collection, job, source } from "./store";

/** What people say of inspected images, and what follows. */

export type Verdict = "good" | "not good";
export type Way = "memory" | "threshold" | "word";

export const GOOD_WAYS: Record<Way, string> = {
  memory: "add it to the memory",
  threshold: "move the threshold",
  word: "only note it",
};
export const BAD_WAYS: Record<Exclude<Way, "memory">, string> = {
  threshold: "move the threshold",
  word: "only note it",
};

const KEY = "unpool-inspection";

function stored(): { good?: string; bad?: string } {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {}) as { good?: string; bad?: string };
  } catch {
    return {}; // no storage, as in a private window
  }
}

const known = <T extends string>(ways: Record<T, string>, way: string | undefined, otherwise: T): T =>
  way !== undefined && way in ways ? (way as T) : otherwise;

/** What follows where a good image was called not good, and the other way round. */
export const goodWay = signal<Way>(known(GOOD_WAYS, stored().good, "memory"));
export const badWay = signal<Exclude<Way, "memory">>(known(BAD_WAYS, stored().bad, "threshold"));

export function keepWays(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ good: goodWay.value, bad: badWay.value }));
  } catch {
    // They hold until the page is closed.
  }
}

/** How opaque the heat map lies over an open image, 0 to 1. */
export const heat = signal(0);

const failed = (error: unknown) =>
  void attempt(() => {
    throw error;
  });

export const verdicts = new Batched<ImageVerdict>({ fetch: (rows) => source.verdicts(rows), atOnce: 1000, keep: 1000, failed });

/** The picture of a heat map over its image, or why there is none. */
export type HeatPicture = { url: string } | { reason: string };

// One at a time: the server makes each when it is asked for, and buttons must not wait for pictures.
export const heats = new Batched<HeatPicture>({
  fetch: async ([row]) => {
    try {
      return [{ url: URL.createObjectURL(await source.heat(row as number)) }];
    } catch (error) {
      return [{ reason: error instanceof Error ? error.message : String(error) }];
    }
  },
  atOnce: 1,
  keep: 40,
  drop: (picture) => "url" in picture && URL.revokeObjectURL(picture.url),
  failed,
});

/** Which way a person's word goes: a word that the score agrees with changes nothing else. */
export function wayOf(verdict: Verdict, scores: readonly (number | null)[]): Way {
  const threshold = collection.value?.inspection?.threshold;
  const isAbove = (score: number | null) => score !== null && threshold !== undefined && score > threshold;
  const contradicts = scores.some((score) => score !== null && isAbove(score) === (verdict === "good"));
  if (!contradicts) return "word";
  if (verdict === "not good") return badWay.value;
  return goodWay.value === "memory" && !collection.value?.inspection?.can_learn ? "word" : goodWay.value;
}

let waiting = false; // for a job to end, since images were called good meanwhile

/** Say of images whether they are good; what follows is what the user chose. */
export async function judge(rows: number[], verdict: Verdict | null): Promise<boolean> {
  if (rows.length === 0) return false;
  const known = await source.rows(rows);
  const way = verdict === null ? "word" : wayOf(verdict, known.map((one) => one.inspection_score));
  const done = await edit({ action: "judge", rows, verdict, by: way === "threshold" ? "threshold" : "word" });
  if (done && way === "memory") await learn();
  return done;
}

/** Add to the memory what was called good and is not in it; after the job that is running, where there is one. */
export async function learn(): Promise<void> {
  if (job.value?.state === "running") waiting = true;
  else await start("judge", { by: "memory" });
}

export const inspectAgain = (): Promise<void> => learn();

/** What a job has added and changed, in words. */
export function outcome({ added, still_not_good, not_good, old_not_good, threshold, old_threshold }: Record<string, unknown>): string {
  const number = (value: unknown) => (typeof value === "number" ? value : 0);
  const moved = threshold === old_threshold ? `the threshold stays at ${figure(number(threshold))}` : `the threshold is ${figure(number(threshold))}, it was ${figure(number(old_threshold))}`;
  const still = number(still_not_good) > 0 ? `${plural(number(still_not_good), "of them still scores", "of them still score")} above it` : "none of them scores above it";
  const counts = `${plural(number(not_good), "image")} not good, ${number(old_not_good)} before`;
  if (number(added) === 0) return `Inspected again: ${moved}. ${counts}.`;
  return `Added ${plural(number(added), "good image")} to the memory: ${moved}, ${still}. ${counts}.`;
}

/** Called when a job has ended and the collection was fetched again. */
export function afterJob(ended: Job): void {
  heats.refresh();
  verdicts.refresh();
  facts.refresh();
  if (ended.kind === "judge" && ended.state === "done" && ended.result != null) notify(outcome(ended.result));
  if (ended.state !== "done") waiting = false; // it was stopped, or would fail again
  if (!waiting) return;
  waiting = false;
  if ((collection.value?.inspection?.pending ?? 0) > 0) void learn();
}

/** Keep what is known of images up to date. */
export function followInspection(): () => void {
  let revision: number | undefined;
  whenEnded(afterJob);
  return effect(() => {
    const next = collection.value?.revision;
    const isAnother = next !== revision;
    revision = next;
    // Outside the effect, which would otherwise depend on what is fetched.
    queueMicrotask(() => {
      if (isAnother) heats.clear();
      if (isAnother) verdicts.clear();
      else verdicts.refresh();
    });
  });
}
