import { useHeld } from "../app/batched";
import { facts } from "../app/caches";
import { Icon } from "../app/Icon";
import { fileName } from "../app/format";
import { groupOf, labelOf, selected } from "../app/store";
import { Swatch } from "../app/Swatch";
import { Thumb } from "../app/Thumb";

interface CellProps {
  row: number;
  place: number;
  total: number;
  active: boolean; // the one that Tab reaches
  chosen: boolean; // in the grid of the selection, where a click opens
  note?: string;
  style: Record<string, string>;
  onClick(event: MouseEvent): void;
  onCorner(): void;
  onOpen(): void;
  onFocus(): void;
}

/** An image as a button: its picture, and below it its label, else its group. */
export function Cell({ row, place, total, active, chosen, note, style, ...on }: CellProps) {
  const known = useHeld(facts, row);
  const group = groupOf(row);
  const label = labelOf(row);
  const path = known?.path ?? `image ${row}`;
  const picked = selected.value[row] === 1;
  const description = [path, group?.name ?? "no group", label && `labelled ${label}`, known?.wrong && "marked as wrong", note];
  return (
    <li class="cell" style={style} aria-setsize={total} aria-posinset={place + 1}>
      <button
        type="button"
        class={picked && !chosen ? "cell-main picked" : "cell-main"}
        aria-pressed={chosen ? undefined : picked}
        title={path}
        tabIndex={active ? 0 : -1}
        data-testid="grid-cell"
        data-row={row}
        data-place={place}
        onClick={on.onClick}
        onDblClick={on.onOpen}
        onFocus={on.onFocus}
      >
        <span class="visually-hidden">{description.filter(Boolean).join(", ")}</span>
        <span class="picture" aria-hidden="true">
          <Thumb row={row} key={row} />
          {picked && !chosen && (
            <span class="mark">
              <Icon name="check" />
            </span>
          )}
          {known?.wrong && <span class="wrong-mark">wrong</span>}
        </span>
        <span class="cell-caption" aria-hidden="true">
          <Swatch colour={group?.colour} />
          <span class={label ? "cut strong" : "cut"}>{label ?? group?.name ?? "no group"}</span>
          {note !== undefined && <span class="note">{note}</span>}
        </span>
      </button>
      <button
        type="button"
        class="corner"
        tabIndex={-1}
        aria-label={chosen ? `Deselect ${fileName(path)}` : `Open ${fileName(path)}`}
        title={chosen ? "Deselect" : "Open"}
        onClick={on.onCorner}
      >
        <Icon name={chosen ? "close" : "expand"} />
      </button>
    </li>
  );
}
