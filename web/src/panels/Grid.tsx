import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { openImage } from "../app/search";
import { add, between, remove, select, toggle } from "../app/selectionActions";
import { Cell } from "./Cell";
import { useWindow } from "./windowing";

interface Props {
  rows: ArrayLike<number>;
  name: string;
  testid: string;
  note?(place: number): string | undefined; // a measure shown in the corner of the caption
  chosen?: boolean; // shows the selection itself: a click opens, Space takes out of it
  size?: number; // of a cell at least, in pixels
  empty?: string;
}

const CAPTION = 22;
const touch = matchMedia("(pointer: coarse)");

function step(key: string, columns: number, page: number, total: number, from: number): number | null {
  const by: Record<string, number> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: page,
    PageUp: -page,
    Home: -total,
    End: total,
  };
  const move = by[key];
  return move === undefined ? null : Math.min(total - 1, Math.max(0, from + move));
}

/** Any number of images, only those in view drawn; a list of buttons with one stop for Tab. */
export function Grid({ rows, name, testid, note, chosen = false, size = 132, empty = "No images here." }: Props) {
  const total = rows.length;
  const { scroller, layout, show, page, ready } = useWindow(total, size, CAPTION);
  const [at, setAt] = useState(0);
  const anchor = useRef(0);
  const moved = useRef(false);
  const active = Math.min(at, Math.max(0, total - 1));
  const rowAt = (place: number) => rows[place] as number;

  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-place="${active}"]`)?.focus({ preventScroll: true });
  });

  const extend = (place: number) => add(between(rows, anchor.current, place));
  const pick = (place: number) => {
    anchor.current = place;
    toggle(rowAt(place));
  };
  const click = (event: MouseEvent, place: number) => {
    setAt(place);
    if (chosen) openImage(rowAt(place), rows);
    else if (event.shiftKey) extend(place);
    else if (event.ctrlKey || event.metaKey || touch.matches) pick(place);
    else {
      anchor.current = place;
      select([rowAt(place)]);
    }
  };
  const go = (event: KeyboardEvent, place: number) => {
    if (event.shiftKey && !chosen) extend(place);
    else anchor.current = place;
    moved.current = true;
    setAt(place);
    show(place);
  };
  const key = (event: KeyboardEvent) => {
    const place = step(event.key, layout.columns, page, total, active);
    if (place !== null) go(event, place);
    else if (event.key === "Enter") openImage(rowAt(active), rows);
    else if (event.key === " " && chosen) remove([rowAt(active)]);
    else if (event.key === " " && event.shiftKey) extend(active);
    else if (event.key === " ") pick(active);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && !chosen) select(Array.from(rows));
    else return;
    event.preventDefault();
  };

  const places = Array.from({ length: Math.max(0, layout.last - layout.first) }, (_, place) => layout.first + place);
  // The cell with the focus stays drawn when it is scrolled out of view, or the focus would be lost.
  if (total > 0 && (active < layout.first || active >= layout.last)) places.push(active);
  return (
    <div class={chosen ? "grid small" : "grid"} ref={scroller} data-testid={testid}>
      {total === 0 && <p class="empty">{empty}</p>}
      {total > 0 && (
        <ul aria-label={name} style={{ height: `${layout.tall}px` }} onKeyDown={key}>
          {ready &&
            places.map((place) => (
              <Cell
                key={rowAt(place)}
                row={rowAt(place)}
                place={place}
                total={total}
                active={place === active}
                chosen={chosen}
                note={note?.(place)}
                style={{
                  width: `${layout.width}px`,
                  height: `${layout.height}px`,
                  transform: `translate(${(place % layout.columns) * layout.width}px, ${layout.top(Math.floor(place / layout.columns))}px)`,
                }}
                onClick={(event) => click(event, place)}
                onOpen={() => openImage(rowAt(place), rows)}
                onCorner={() => (chosen ? remove([rowAt(place)]) : openImage(rowAt(place), rows))}
                onFocus={() => setAt(place)}
              />
            ))}
        </ul>
      )}
    </div>
  );
}
