import type { Place } from "./camera";

const STILL = 4; // pixels a press may move and still be a click

export interface PointerEvents {
  hit(x: number, y: number): number | null; // the row there
  hover(row: number | null, at: Place | null): void;
  click(row: number | null, added: boolean): void;
  open(row: number): void;
  grab(): void; // a press, or the wheel, which ends any movement of the camera
}

/** Reports what the mouse points at. Returns a function that stops it. */
export function listenToPointer(element: HTMLElement, events: PointerEvents): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  let pressed: Place = { x: 0, y: 0 };
  let moved = 0;

  element.addEventListener("mousedown", (event) => {
    pressed = placeIn(element, event);
    moved = 0;
    events.grab();
    events.hover(null, null);
  }, { signal });

  element.addEventListener("mousemove", (event) => {
    const here = placeIn(element, event);
    if (event.buttons !== 0) {
      moved = Math.max(moved, Math.hypot(here.x - pressed.x, here.y - pressed.y));
      return;
    }
    const row = events.hit(here.x, here.y);
    events.hover(row, row === null ? null : here);
  }, { signal });

  element.addEventListener("mouseleave", () => events.hover(null, null), { signal });
  element.addEventListener("wheel", () => events.grab(), { signal, passive: true });

  element.addEventListener("click", (event) => {
    if (moved >= STILL) return;
    const { x, y } = placeIn(element, event);
    events.click(events.hit(x, y), event.shiftKey);
  }, { signal });

  element.addEventListener("dblclick", (event) => {
    const { x, y } = placeIn(element, event);
    const row = events.hit(x, y);
    if (row !== null && moved < STILL) events.open(row);
  }, { signal });

  return () => listening.abort();
}

export function placeIn(element: HTMLElement, event: MouseEvent): Place {
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
