import type { Job, JobKind } from "../data/types";
import { attempt, show } from "./edits";
import { job, jobShown, openDialog, source } from "./store";

export const JOB_NAMES: Record<JobKind, string> = {
  run: "Run",
  check: "Check",
  group: "Grouping",
  map: "Map",
  evaluate: "Evaluation",
  spread: "Spreading labels",
  judge: "Inspection",
};

/** Follow the server's job; when one ends, what it has changed is fetched. */
export function followJob(): () => void {
  let running: number | null = null;
  return source.watch((next) => {
    const ended = running !== null && next !== null && next.id === running && next.state !== "running";
    job.value = next;
    running = next?.state === "running" ? next.id : null;
    if (running !== null) jobShown.value = true;
    if (ended && next !== null) void finish(next);
  });
}

const listeners: ((ended: Job) => void)[] = [];

/** Call a function whenever a job has ended, and what it changed has been fetched. */
export function whenEnded(listener: (ended: Job) => void): void {
  listeners.push(listener);
}

async function finish(ended: Job): Promise<void> {
  if (ended.work === null) await attempt(async () => show(await source.collection()));
  for (const listener of listeners) listener(ended);
}

export function start(kind: JobKind, options: Record<string, string | number | boolean> = {}): Promise<boolean> {
  return attempt(async () => {
    job.value = await source.start(kind, options);
    jobShown.value = true;
    openDialog.value = null;
  });
}

export function stop(): Promise<boolean> {
  return attempt(() => source.stop());
}
