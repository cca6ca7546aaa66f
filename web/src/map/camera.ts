/** Where the map lies on the screen: x to the right and y up on the map, y down on the screen, in CSS pixels. */
export interface View {
  scale: number; // pixels a unit of the map
  x0: number; // where the map's origin is on the screen
  y0: number;
  width: number;
  height: number;
}

/** On the screen, in CSS pixels of the map. */
export interface Place {
  x: number;
  y: number;
}

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

const FURTHEST = 0.25; // of the scale at which -1..1 fills the height
const NEAREST = 20_000;
// Round what is fitted into the screen, in CSS pixels: half a picture at the edges, the tools above.
const SIDE = 40;
const TOP = 84;
const BOTTOM = 36;

export function toScreen(view: View, x: number, y: number): [number, number] {
  return [view.x0 + x * view.scale, view.y0 - y * view.scale];
}

export function toMap(view: View, x: number, y: number): [number, number] {
  return [(x - view.x0) / view.scale, (view.y0 - y) / view.scale];
}

/** The part of the map in view, and `margin` pixels around it. */
export function boxInView(view: View, margin = 0): Box {
  const [x0, y1] = toMap(view, -margin, -margin);
  const [x1, y0] = toMap(view, view.width + margin, view.height + margin);
  return { x0, y0, x1, y1 };
}

export function pan(view: View, dx: number, dy: number): View {
  return { ...view, x0: view.x0 + dx, y0: view.y0 + dy };
}

/** Zoomed about a place, without one about the middle of the screen. */
export function zoom(view: View, factor: number, about: Place = { x: view.width / 2, y: view.height / 2 }): View {
  const scale = clamped(view.scale * factor, view.height);
  const [x, y] = toMap(view, about.x, about.y);
  return { ...view, scale, x0: about.x - x * scale, y0: about.y + y * scale };
}

/** What lay under one finger or two lies under them again after they have moved. */
export function drag(view: View, before: Place[], after: Place[]): View {
  const from = middleOf(before);
  const to = middleOf(after);
  return pan(zoom(view, apart(after) / apart(before), from), to.x - from.x, to.y - from.y);
}

export function fit(box: Box, width: number, height: number): View {
  const across = Math.max(width / 2, width - 2 * SIDE);
  const down = Math.max(height / 2, height - TOP - BOTTOM);
  const scale = clamped(Math.min(across / (box.x1 - box.x0), down / (box.y1 - box.y0)), height);
  const x0 = width / 2 - ((box.x0 + box.x1) / 2) * scale;
  const middle = height / 2 + (TOP - BOTTOM) / 2;
  return { scale, x0, y0: middle + ((box.y0 + box.y1) / 2) * scale, width, height };
}

/** Between two views, the zoom changing evenly and the middle of the screen moving in a straight line. */
export function between(from: View, to: View, share: number): View {
  const scale = from.scale * (to.scale / from.scale) ** share;
  const moved = to.scale === from.scale ? share : (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale);
  const [ax, ay] = toMap(from, from.width / 2, from.height / 2);
  const [bx, by] = toMap(to, to.width / 2, to.height / 2);
  const x = ax + (bx - ax) * moved;
  const y = ay + (by - ay) * moved;
  return { ...to, scale, x0: to.width / 2 - x * scale, y0: to.height / 2 + y * scale };
}

/** Whether no picture would be seen to move between both. */
export function isSameView(a: View, b: View): boolean {
  const isSameSize = a.width === b.width && a.height === b.height && Math.abs(a.scale / b.scale - 1) < 1e-5;
  return isSameSize && Math.abs(a.x0 - b.x0) < 0.01 && Math.abs(a.y0 - b.y0) < 0.01;
}

/** How regl-scatterplot says a view: clip space, the height of the screen being -1..1. */
export function matrixOf(view: View): number[] {
  const half = view.height / 2;
  const s = view.scale / half;
  return [s, 0, 0, 0, 0, s, 0, 0, 0, 0, 1, 0, (view.x0 - view.width / 2) / half, (half - view.y0) / half, 0, 1];
}

export function viewOf(matrix: ArrayLike<number>, width: number, height: number): View {
  const half = height / 2;
  const x0 = width / 2 + matrix[12]! * half;
  return { scale: matrix[0]! * half, x0, y0: half - matrix[13]! * half, width, height };
}

/** What regl-scatterplot's camera may scale by. */
export const SCALES: [number, number] = [FURTHEST, NEAREST];

function middleOf(places: Place[]): Place {
  const sum = places.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }));
  return { x: sum.x / places.length, y: sum.y / places.length };
}

/** At least a pixel, so that fingers on one place do not zoom without end; one finger does not zoom at all. */
function apart([a, b]: Place[]): number {
  return a === undefined || b === undefined ? 1 : Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
}

function clamped(scale: number, height: number): number {
  return Math.max((FURTHEST * height) / 2, Math.min((NEAREST * height) / 2, scale));
}
