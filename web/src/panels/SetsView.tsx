import { useSignal } from "@preact/signals";
import { edit } from "../app/edits";
import { count, plural } from "../app/format";
import { select } from "../app/selectionActions";
import { collection, openDialog, source } from "../app/store";
import type { Sets } from "../data/types";
import { CleanButton } from "./clean/CleanButton";
import { Stack } from "./clean/Stack";
import { SetRow } from "./SetRow";
import { useFetched } from "./useFetched";

const FIRST = 40; // sets shown at first, and added by each click

const others = (sets: readonly number[][]) => sets.flatMap((set) => set.slice(1));

function ForAll({ sets, kind }: { sets: number[][]; kind: string }) {
  const rows = others(sets);
  return (
    <div class="pane-tools">
      <span class="muted">
        {plural(sets.length, "set")}: the first image of each is to keep, {plural(rows.length, "other")}
      </span>
      <button type="button" class="button" onClick={() => select(rows)} data-testid="select-others">
        Select all others
      </button>
      {source.editable && (
        <>
          <button
            type="button"
            class="button"
            data-testid="mark-all-others"
            onClick={() => void edit({ action: "mark", rows, wrong: true })}
          >
            Mark all others as wrong
          </button>
          <button
            type="button"
            class="button"
            onClick={() => (openDialog.value = { kind: "label", rows, title: "Label all others" })}
          >
            Label all others…
          </button>
          <CleanButton problem={kind} />
        </>
      )}
    </div>
  );
}

/** The sets of each kind of copies. */
const SETS: Record<string, keyof Sets> = { duplicates: "exact", near_duplicates: "near", turned: "turned", bursts: "bursts" };

/** Duplicates, a set in a row; bursts as stacks, the sharpest on top. */
export function SetsView({ kind }: { kind: string }) {
  const most = useSignal(FIRST);
  const answer = useFetched(() => source.duplicates(), [collection.value]);
  if (answer === null) return null;
  const sets = answer[SETS[kind] ?? "near"];
  if (sets.length === 0) return <p class="empty">{collection.value?.checked ? "None found." : "Not checked yet."}</p>;
  const left = sets.length - most.value;
  return (
    <>
      <ForAll sets={sets} kind={kind} />
      <div class="sets" tabIndex={0} role="region" aria-label="Sets of duplicates">
        {kind === "bursts" ? (
          <ul class="stacks">
            {sets.slice(0, most.value).map((set) => (
              <Stack key={set[0]} rows={set} stays={1} />
            ))}
          </ul>
        ) : (
          <ol>
            {sets.slice(0, most.value).map((set) => (
              <SetRow key={set[0]} set={set} />
            ))}
          </ol>
        )}
        {left > 0 && (
          <button type="button" class="button wide" onClick={() => (most.value += FIRST)}>
            Show more ({count(left)})
          </button>
        )}
      </div>
    </>
  );
}
