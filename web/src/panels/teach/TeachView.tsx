import { useEffect } from "preact/hooks";
import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { count, fileName, percent } from "../../app/format";
import { openImage } from "../../app/search";
import { source } from "../../app/store";
import { current, failed, names, refresh, teaching, upcoming, type Next } from "../../app/teach";
import { Batch } from "./Batch";
import { Estimate } from "./Estimate";
import { Names } from "./Names";
import { Near } from "./Near";
import { Picture } from "./Picture";
import { Steps } from "./Steps";

/** Fetch the next picture while this one is looked at. */
function useAhead(): void {
  const next = upcoming.value?.row;
  useEffect(() => {
    const url = next === undefined ? null : source.originalUrl(next);
    if (url !== null) new Image().src = url;
  }, [next]);
}

function Suggestion({ label, probability }: Next) {
  if (label === null) return <strong>What is it?</strong>;
  return (
    <>
      Looks like <strong>{label}</strong> <span class="muted">{percent(probability)}</span>
    </>
  );
}

function Question({ next }: { next: Next }) {
  const path = useHeld(facts, next.row)?.path;
  return (
    <div class="teach-question">
      <p role="status" data-testid="teach-suggestion">
        <span class="visually-hidden">{path ?? "The next image"}. </span>
        <Suggestion {...next} />
      </p>
      <p class="muted teach-why">
        <button type="button" class="link cut" title={path} onClick={() => openImage(next.row, [next.row])}>
          {path === undefined ? "…" : fileName(path)}
        </button>
        <span data-testid="teach-reason">{next.reason}</span>
      </p>
    </div>
  );
}

function Nothing() {
  if (failed.value) {
    return (
      <div class="empty">
        <p>What to label first cannot be found.</p>
        <button type="button" class="button main" onClick={() => void refresh()}>
          Try again
        </button>
      </div>
    );
  }
  if (teaching.value === null) return <p class="empty" role="status">Looking for what to label first…</p>;
  return (
    <div class="empty" data-testid="teach-done">
      <h2>Nothing left to label</h2>
      <p>{count(teaching.value.labelled)} images have a name. Backspace takes back what was skipped or named last.</p>
      <Steps next={null} />
    </div>
  );
}

/** One image after the other gets its name: what it looks like, what is near it, and how well that goes. */
export function TeachView() {
  useAhead();
  const next = current.value;
  if (next === null) return <Nothing />;
  return (
    <section class="teach" aria-label="Teach" data-testid="teach" data-row={next.row} data-names={names.value.length}>
      <div class="teach-main">
        <Picture key={next.row} row={next.row} />
        <Question next={next} />
        <Steps next={next} />
      </div>
      <div class="teach-side" tabIndex={0} role="region" aria-label="Names and neighbours">
        <Names next={next} />
        <Estimate />
        <Batch />
        <Near key={`near ${next.row}`} row={next.row} />
      </div>
    </section>
  );
}
