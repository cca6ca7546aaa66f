import type { Place } from "./camera";
import { placeIn } from "./pointer";

const STILL = 10; // pixels a finger may move and still rest
const HELD_FOR = 500; // milliseconds from which on a resting finger opens an image
const TWICE_WITHIN = 350; // milliseconds and pixels between two taps that are one double tap
const TWICE_NEAR = 32;

export interface TouchEvents {
  grab(): void; // the first finger, which ends any movement of the camera
  move(before: Place[], after: Place[]): void; // of one finger or two
  tap(at: Place): void;
  open(at: Place): void; // a double tap or a long press
  isLasso(): boolean; // whether one finger draws instead of moving the map
  draw(path: Place[]): void; // what has been drawn so far; empty when that has ended
  drawn(path: Place[]): void;
}

/** Reports touch gestures, since regl-scatterplot knows the mouse only. Returns a function that stops it. */
export function listenToTouch(element: HTMLElement, events: TouchEvents): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const fingers = new Map<number, Place>(); // where each was last
  let doing: "nothing" | "resting" | "moving" | "drawing" = "nothing";
  let path: Place[] = [];
  let tapped: { at: Place; time: number } | null = null;
  let timer = 0;

  function moving(): Place[] {
    return [...fingers.values()].slice(0, 2);
  }

  function rest(at: Place): void {
    doing = "resting";
    timer = window.setTimeout(() => {
      doing = "nothing";
      events.open(at);
    }, HELD_FOR);
  }

  function tap(at: Place, time: number): void {
    const first = tapped;
    const isSecond = first !== null && time - first.time < TWICE_WITHIN && apart(first.at, at) < TWICE_NEAR;
    tapped = isSecond ? null : { at, time };
    // Opened is what the first tap selected, even where the second one slipped to its neighbour.
    if (isSecond) events.open(first.at);
    else events.tap(at);
  }

  function stopDrawing(): void {
    if (doing === "drawing") events.draw([]);
  }

  function lift(event: PointerEvent): Place | undefined {
    const at = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (at !== undefined) window.clearTimeout(timer);
    return at;
  }

  element.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    const at = placeIn(element, event);
    fingers.set(event.pointerId, at);
    window.clearTimeout(timer);
    if (fingers.size > 1) {
      stopDrawing();
      doing = "moving";
      return;
    }
    events.grab();
    element.focus({ preventScroll: true });
    rest(at);
  }, { signal });

  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const here = placeIn(element, event);
    if (doing === "resting") {
      if (apart(before, here) < STILL) return;
      window.clearTimeout(timer);
      doing = events.isLasso() ? "drawing" : "moving";
      path = [before];
    }
    const from = moving();
    fingers.set(event.pointerId, here);
    if (doing === "moving") events.move(from, moving());
    if (doing !== "drawing") return;
    path.push(here);
    events.draw(path);
  }, { signal });

  element.addEventListener("pointerup", (event) => {
    const at = lift(event);
    if (at === undefined) return;
    stopDrawing();
    const did = doing;
    if (fingers.size === 0) doing = "nothing";
    if (did === "resting") tap(at, event.timeStamp);
    if (did === "drawing") events.drawn(path);
  }, { signal });

  element.addEventListener("pointercancel", (event) => {
    if (lift(event) === undefined) return;
    stopDrawing();
    if (fingers.size === 0 || doing === "drawing") doing = "nothing";
  }, { signal });

  // Else the browser plays a mouse after each tap, which would select once more, and magnifies or marks what is held.
  element.addEventListener("touchstart", (event) => {
    if (fingers.size > 0) event.preventDefault();
  }, { signal, passive: false });

  return () => {
    window.clearTimeout(timer);
    listening.abort();
  };
}

function apart(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
