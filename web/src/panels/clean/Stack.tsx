import { useState } from "preact/hooks";
import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { fileName } from "../../app/format";
import { openImage } from "../../app/search";
import { Thumb } from "../../app/Thumb";

function One({ row, rows, stays }: { row: number; rows: number[]; stays: boolean }) {
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  return (
    <li>
      <button type="button" class={stays ? "duplicate" : "duplicate leaves"} title={path} onClick={() => openImage(row, rows)}>
        <span class="visually-hidden">
          Open {path}, {stays ? "which stays" : "which goes"}
        </span>
        <span class="picture" aria-hidden="true">
          <Thumb row={row} />
          {stays && <span class="keep-mark">stays</span>}
        </span>
        <span class="cut" aria-hidden="true">
          {fileName(path)}
        </span>
      </button>
    </li>
  );
}

/** Images of one kind in a pile, the one that stays on top; a click lays them out. */
export function Stack({ rows, stays }: { rows: number[]; stays: number }) {
  const [open, setOpen] = useState(false);
  const [top] = rows;
  const path = useHeld(facts, top ?? 0)?.path ?? "";
  if (rows.length === 1) {
    return (
      <li class="stack" data-testid="stack" data-row={top}>
        <ul>
          <One row={top as number} rows={rows} stays={stays > 0} />
        </ul>
      </li>
    );
  }
  return (
    <li class={open ? "stack open" : "stack"} data-testid="stack" data-row={top}>
      <button
        type="button"
        class="stack-top"
        aria-expanded={open}
        aria-label={`${fileName(path)} and ${rows.length - 1} like it`}
        title={path}
        onClick={() => setOpen(!open)}
      >
        <Thumb row={top ?? 0} />
        <span class="stack-count" aria-hidden="true">
          {rows.length}
        </span>
      </button>
      {open && (
        <ul class="set-images">
          {rows.map((row, place) => (
            <One key={row} row={row} rows={rows} stays={place < stays} />
          ))}
        </ul>
      )}
    </li>
  );
}
