import { facts } from "../app/caches";
import { edit } from "../app/edits";
import { figure, percent } from "../app/format";
import { select } from "../app/selecting";
import { collection, selection, source } from "../app/store";
import type { ProblemKind, RowFacts } from "../data/types";
import { Grid } from "./Grid";
import { PROBLEMS } from "./problems";
import { Suggested } from "./Suggested";
import { useAnswer } from "./useAnswer";

const MEASURES: Partial<Record<ProblemKind, (facts: RowFacts) => string>> = {
  outliers: ({ outlier_score }) => figure(outlier_score),
  blurred: ({ sharpness }) => figure(sharpness),
  dark: ({ brightness }) => figure(brightness),
  bright: ({ brightness }) => figure(brightness),
  suggested: ({ suggestion, suggestion_confidence }) => `${percent(suggestion_confidence)} ${suggestion ?? ""}`,
};

const NOTED: readonly ProblemKind[] = ["wrong", "suggested"]; // known without a check

function Tools({ kind, rows }: { kind: ProblemKind; rows: number[] }) {
  const wrong = kind !== "wrong";
  const picked = selection.value.length > 0;
  return (
    <div class="pane-tools">
      <button type="button" class="button" onClick={() => select(rows)}>
        Select all
      </button>
      {source.editable && (
        <button
          type="button"
          class="button"
          disabled={!picked}
          onClick={() => void edit({ action: "mark", rows: Array.from(selection.value), wrong })}
        >
          {wrong ? "Mark the selected as wrong" : "Unmark the selected"}
        </button>
      )}
    </div>
  );
}

/** The images with this problem, the worst first. */
export function ProblemGrid({ kind }: { kind: ProblemKind }) {
  const { sort, descending } = PROBLEMS[kind];
  const rows = useAnswer(() => source.select({ problem: kind, sort, descending }), [kind, collection.value]);
  const measure = MEASURES[kind];
  void facts.version.value; // the notes below are read from it
  if (rows === null) return null;
  const note = (place: number) => {
    const known = facts.get(rows[place] as number);
    return measure && known ? measure(known) : undefined;
  };
  return (
    <>
      {rows.length > 0 && (kind === "suggested" ? source.editable && <Suggested rows={rows} /> : <Tools kind={kind} rows={Array.from(rows)} />)}
      <Grid rows={rows} name={PROBLEMS[kind].name} testid="grid" note={measure && note} empty={NOTED.includes(kind) || collection.value?.checked ? "None found." : "Not checked yet."} />
    </>
  );
}
