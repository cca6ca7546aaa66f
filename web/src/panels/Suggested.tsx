import { useState } from "preact/hooks";
import { attempt, edit } from "../app/edits";
import { count } from "../app/format";
import { collection, selection, source } from "../app/store";

const ROWS = 1000; // that one request for facts may name

/** Rows come sorted by confidence, so those above a bound are the first of them. */
async function above(rows: Uint32Array, least: number): Promise<number[]> {
  const sure: number[] = [];
  for (let first = 0; first < rows.length; first += ROWS) {
    const found = await source.rows(Array.from(rows.subarray(first, first + ROWS)));
    const enough = found.filter((facts) => (facts.suggestion_confidence ?? 0) >= least);
    sure.push(...enough.map((facts) => facts.row));
    if (enough.length < found.length) break;
  }
  return sure;
}

export function Suggested({ rows }: { rows: Uint32Array }) {
  const [least, setLeast] = useState(90);
  const suggested = new Set(rows);
  const picked = Array.from(selection.value).filter((row) => suggested.has(row));
  const acceptAbove = () =>
    void attempt(async () => {
      const sure = await above(rows, least / 100);
      await edit({ action: "accept", rows: sure });
    });
  return (
    <>
      <div class="pane-tools" role="group" aria-label="Suggested labels">
        <button
          type="button"
          class="button main"
          disabled={picked.length === 0}
          data-testid="accept"
          onClick={() => void edit({ action: "accept", rows: picked })}
        >
          Accept {picked.length > 0 ? count(picked.length) : "selected"}
        </button>
        <button
          type="button"
          class="button"
          disabled={picked.length === 0}
          data-testid="reject"
          onClick={() => void edit({ action: "reject", rows: picked })}
        >
          Reject {picked.length > 0 ? count(picked.length) : "selected"}
        </button>
        <span class="push" />
        <label class="field inline">
          Confidence above
          <input
            type="number"
            min={0}
            max={100}
            value={least}
            data-testid="least"
            onInput={(event) => setLeast(Number(event.currentTarget.value))}
          />
          %
        </label>
        <button type="button" class="button" data-testid="accept-above" onClick={acceptAbove}>
          Accept all above
        </button>
        <button
          type="button"
          class="button"
          data-testid="refuse-all"
          onClick={() => void edit({ action: "reject", rows: Array.from(rows) })}
        >
          Reject all
        </button>
      </div>
      {collection.value?.uncalibrated && (
        <p class="muted" data-testid="uncalibrated">
          Confidence is uncalibrated: it comes from words alone. How many are right is not known until ten images or more
          have one of these names as a label, and labels are suggested again.
        </p>
      )}
    </>
  );
}
