import { facts } from "../app/caches";
import { edit } from "../app/edits";
import { select } from "../app/selectionActions";
import { collection, selection, source } from "../app/store";
import type { ProblemKind, ProblemMeta } from "../data/types";
import { CleanButton } from "./clean/CleanButton";
import { measureText } from "./columns";
import { Grid } from "./Grid";
import { Suggested } from "./Suggested";
import { useFetched } from "./useFetched";

function Tools({ kind, rows }: { kind: ProblemKind; rows: number[] }) {
  const wrong = kind !== "wrong";
  const picked = selection.value.length > 0;
  return (
    <div class="pane-tools">
      <button type="button" class="button" onClick={() => select(rows)}>
        Select all
      </button>
      {source.editable && (
        <>
          <button
            type="button"
            class="button"
            disabled={!picked}
            onClick={() => void edit({ action: "mark", rows: Array.from(selection.value), wrong })}
          >
            {wrong ? "Mark the selected as wrong" : "Unmark the selected"}
          </button>
          <CleanButton problem={kind} />
        </>
      )}
    </div>
  );
}

/** The images with this problem, the worst first. */
export function ProblemGrid({ problem }: { problem: ProblemMeta }) {
  const { name: kind, title, measure, descending, needs_check } = problem;
  const sort = measure ?? undefined;
  const rows = useFetched(() => source.select({ problem: kind, sort, descending }), [kind, collection.value]);
  void facts.version.value; // the notes below are read from it
  if (rows === null) return null;
  const note = (place: number) => {
    const known = facts.get(rows[place] as number);
    if (!known || !collection.value) return undefined;
    return measure ? measureText(known, measure, collection.value) : known.figures[kind]?.toString();
  };
  return (
    <>
      {rows.length > 0 && (kind === "suggested" ? source.editable && <Suggested rows={rows} /> : <Tools kind={kind} rows={Array.from(rows)} />)}
      <Grid
        rows={rows}
        name={title}
        testid="grid"
        note={note}
        empty={!needs_check || collection.value?.checked ? "None found." : "Not checked yet."}
      />
    </>
  );
}
