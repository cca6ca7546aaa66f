import { useSignal } from "@preact/signals";
import { openWork } from "../app/edits";
import { count, duration } from "../app/format";
import { IconButton } from "../app/IconButton";
import { JOB_NAMES, stop } from "../app/jobs";
import { job, jobShown } from "../app/store";
import type { Job } from "../data/types";

const STATES: Record<Job["state"], string> = {
  running: "is running",
  done: "is done",
  failed: "has failed",
  stopped: "was stopped",
};

function Progress({ of }: { of: Job }) {
  const known = of.total !== null && of.total > 0;
  const amount = known ? `${count(Math.round(of.done))} of ${count(of.total ?? 0)}` : count(Math.round(of.done));
  return (
    <>
      <progress
        key={known ? "known" : "unknown"}
        aria-label={of.stage || JOB_NAMES[of.kind]}
        max={known ? (of.total ?? 1) : undefined}
        value={known ? Math.min(of.done, of.total ?? 0) : undefined}
      />
      <span class="muted job-numbers">
        {[of.done > 0 || known ? `${amount} ${of.unit}` : "", of.note, duration(of.seconds)].filter(Boolean).join(" · ")}
      </span>
    </>
  );
}

export function JobStrip() {
  const open = useSignal(false);
  const of = job.value;
  if (of === null || !jobShown.value) return null;
  const running = of.state === "running";
  const work = of.state === "done" ? of.work : null;
  return (
    <section class={`job ${of.state}`} aria-label="Job" data-testid="job" data-state={of.state}>
      <div class="job-line">
        <strong aria-live="polite" class="cut">
          {JOB_NAMES[of.kind]} {STATES[of.state]}
          {running && of.stage ? `: ${of.stage}` : ""}
        </strong>
        {running && <Progress of={of} />}
        {of.error !== null && <span class="bad-text">{of.error}</span>}
        <span class="push" />
        {work !== null && (
          <button type="button" class="button main" data-testid="job-open" onClick={() => void openWork(work)}>
            Open it
          </button>
        )}
        {of.messages.length > 0 && (
          <button type="button" class="button quiet" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
            {open.value ? "Less" : "Details"}
          </button>
        )}
        {running ? (
          <button type="button" class="button" data-testid="job-stop" onClick={() => void stop()}>
            Stop
          </button>
        ) : (
          <IconButton icon="close" name="Close" onClick={() => (jobShown.value = false)} />
        )}
      </div>
      {open.value && of.messages.length > 0 && (
        <ol class="job-messages" tabIndex={0} aria-label="Messages of the job">
          {of.messages.map((message, place) => (
            <li key={place}>{message}</li>
          ))}
        </ol>
      )}
    </section>
  );
}
