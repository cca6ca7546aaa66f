import { useHeld } from "../app/batched";
import { facts } from "../app/caches";
import { edit } from "../app/edits";
import { openImage } from "../app/search";
import { fileName, plural } from "../app/format";
import { select } from "../app/selectionActions";
import { openDialog, source } from "../app/store";
import { Thumb } from "../app/Thumb";

const SHOWN = 24; // of one set

function Duplicate({ row, set, keep }: { row: number; set: number[]; keep: boolean }) {
  const known = useHeld(facts, row);
  const path = known?.path ?? `image ${row}`;
  const description = [path, keep && "the one to keep", known?.wrong && "marked as wrong"].filter(Boolean).join(", ");
  return (
    <li>
      <button type="button" class="duplicate" title={path} onClick={() => openImage(row, set)}>
        <span class="visually-hidden">Open {description}</span>
        <span class="picture" aria-hidden="true">
          <Thumb row={row} />
          {keep && <span class="keep-mark">keep</span>}
          {known?.wrong && <span class="wrong-mark">wrong</span>}
        </span>
        <span class="cut" aria-hidden="true">{fileName(path)}</span>
        <span class="muted cut" aria-hidden="true">{known ? `${known.width} × ${known.height}` : ""}</span>
      </button>
    </li>
  );
}

export function SetRow({ set }: { set: number[] }) {
  const rest = set.slice(1);
  return (
    <li class="set">
      <ul class="set-images">
        {set.slice(0, SHOWN).map((row, place) => (
          <Duplicate key={row} row={row} set={set} keep={place === 0} />
        ))}
      </ul>
      {set.length > SHOWN && <span class="muted">and {plural(set.length - SHOWN, "more", "more")}</span>}
      <div class="set-actions">
        {source.editable && (
          <>
            <button
              type="button"
              class="button"
              data-testid="mark-others"
              onClick={() => void edit({ action: "mark", rows: rest, wrong: true })}
            >
              Mark the {rest.length === 1 ? "other" : "others"} as wrong
            </button>
            <button
              type="button"
              class="button"
              onClick={() => (openDialog.value = { kind: "label", rows: rest, title: "Label the others" })}
            >
              Label the {rest.length === 1 ? "other" : "others"}…
            </button>
          </>
        )}
        <button type="button" class="button quiet" onClick={() => select(set)}>
          Select the set
        </button>
      </div>
    </li>
  );
}
