import { start } from "../app/jobs";
import { collection, job, problemTab, source, view } from "../app/store";
import { openTeaching } from "../app/teach";
import { CountedList } from "./CountedList";

function TeachButton() {
  return (
    <button type="button" class="button" title="Name one image after the other (T)" onClick={openTeaching}>
      Teach them one by one
    </button>
  );
}

function Spread() {
  const suggested = collection.value?.problems.suggested ?? 0;
  return (
    <div class="actions">
      <TeachButton />
      <button
        type="button"
        class="button"
        data-testid="spread"
        disabled={job.value?.state === "running"}
        title="Suggest these labels for the images nearest to those that have them"
        onClick={() => void start("spread")}
      >
        Spread labels
      </button>
      {suggested > 0 && (
        <button
          type="button"
          class="button"
          onClick={() => {
            problemTab.value = "suggested";
            view.value = "problems";
          }}
        >
          Show suggestions
        </button>
      )}
    </div>
  );
}

export function Labels() {
  const { labels = [], images = 0 } = collection.value ?? {};
  if (labels.length === 0) {
    return source.editable ? (
      <section class="side-section" aria-labelledby="labels-title">
        <h2 id="labels-title">Labels</h2>
        <p class="muted">Select images and give them a name: it is kept with the images.</p>
        <TeachButton />
      </section>
    ) : null;
  }
  const labelled = labels.reduce((sum, label) => sum + label.count, 0);
  const entries = labelled < images ? [...labels, { name: "", count: images - labelled }] : labels;
  return (
    <div>
      <CountedList title="Labels" condition="label" entries={entries} />
      {source.editable && <Spread />}
    </div>
  );
}
