import { boxInView, type Box, type View } from "./camera";
import type { Grid } from "./grid";
import { declutter } from "./declutter";

/** A thumbnail's place on the screen: its middle and the side of the square it fits into, in CSS pixels. */
export interface Picture {
  row: number;
  priority: number;
  x: number;
  y: number;
  size: number;
  pointX: number; // of the image on the map, from which a picture among many at one place is moved away
  pointY: number;
}

/**
 * Chooses the pictures of a view. Images are taken by priority and left out where they would overlap one taken before,
 * at a distance that depends on the zoom only, by steps of √2: the choice is one of the map and not of the view, so
 * pictures stay while it is panned. It is made for a window larger than the view and kept until the view leaves that.
 */
export interface Layout {
  pictures(view: View): Picture[]; // the highest priority first
}

const SMALLEST = 32;
const LARGEST = 96;
const APART = 36; // pixels between the middles of two pictures, at least
const MOST = 1_400; // pictures on a screen
const GAP = 3;
const ALL_BELOW = 100; // images in view of which every one is shown
const EMPTY = -1;

/** Pictures chosen for a window of the map; `room` is how far the nearest other one is, in units of the map. */
interface Window {
  level: number;
  box: Box;
  chosen: Int32Array; // places in the grid's columns, the highest priority first
  room: Float32Array;
}

export function createLayout(grid: Grid): Layout {
  let window: Window | null = null;

  function choose(view: View, level: number, apart: number): Window {
    const visible = boxInView(view, LARGEST);
    const inner = grown(visible, (visible.x1 - visible.x0) / 2, (visible.y1 - visible.y0) / 2);
    const cells = createCells(inner, apart / 2);
    fill(cells, grid);
    const chosen = thin(cells, grid, apart);
    return { level, box: inner, chosen, room: roomOf(chosen, cells, grid, LARGEST / view.scale) };
  }

  function pictures(view: View): Picture[] {
    if (grid.box === null) return [];
    const least = Math.max(APART, Math.sqrt((view.width * view.height) / MOST));
    const level = Math.floor(2 * Math.log2(view.scale / least));
    if (window === null || window.level !== level || !within(boxInView(view, SMALLEST), window.box)) {
      window = choose(view, level, 2 ** (-level / 2));
    }
    const near = pictureList(window, grid, view);
    const all = everyImage(grid, view);
    return all === null ? near : declutter(all, near, APART, sizeFor);
  }

  return { pictures };
}

function pictureList({ chosen, room }: Window, grid: Grid, view: View): Picture[] {
  const pictures: Picture[] = [];
  for (let place = 0; place < chosen.length; place++) {
    const picture = pictureAt(grid, chosen[place]!, view, sizeFor(room[place]! * view.scale));
    if (touches(picture, view)) pictures.push(picture);
  }
  return pictures;
}

/** The side of a picture the nearest other one of which is so many pixels away. */
function sizeFor(room: number): number {
  return Math.max(SMALLEST, Math.min(LARGEST, room - GAP));
}

function touches({ x, y, size }: Picture, { width, height }: View): boolean {
  const half = size / 2;
  return x > -half && x < width + half && y > -half && y < height + half;
}

/** All images in view where they are few, so that those beneath others are seen as well; null where they are many. */
function everyImage(grid: Grid, view: View): Picture[] | null {
  const box = boxInView(view);
  const places: number[] = [];
  grid.runs(box, (from, to) => {
    for (let at = from; at < to && places.length <= ALL_BELOW; at++) {
      if (isIn(box, grid.x[at]!, grid.y[at]!)) places.push(at);
    }
  });
  if (places.length > ALL_BELOW) return null;
  places.sort((a, b) => grid.priority[a]! - grid.priority[b]!);
  return places.map((at) => pictureAt(grid, at, view, SMALLEST));
}

function pictureAt(grid: Grid, at: number, view: View, size: number): Picture {
  const x = view.x0 + grid.x[at]! * view.scale;
  const y = view.y0 - grid.y[at]! * view.scale;
  return { row: grid.row[at]!, priority: grid.priority[at]!, x, y, size, pointX: x, pointY: y };
}

/** Cells of a window, counted from the map's origin, each with the image of highest priority in it. */
interface Cells {
  side: number;
  left: number;
  bottom: number;
  across: number;
  down: number;
  first: Int32Array;
  window: Box;
}

function createCells(window: Box, side: number): Cells {
  const left = Math.floor(window.x0 / side);
  const bottom = Math.floor(window.y0 / side);
  const across = Math.floor(window.x1 / side) - left + 1;
  const down = Math.floor(window.y1 / side) - bottom + 1;
  return { side, left, bottom, across, down, first: new Int32Array(across * down).fill(EMPTY), window };
}

function fill(cells: Cells, grid: Grid): void {
  const { first, across, down, left, bottom } = cells;
  const perUnit = 1 / cells.side;
  grid.runs(cells.window, (from, to) => {
    for (let at = from; at < to; at++) {
      const column = Math.floor(grid.x[at]! * perUnit) - left;
      const line = Math.floor(grid.y[at]! * perUnit) - bottom;
      if (column < 0 || line < 0 || column >= across || line >= down) continue;
      const cell = line * across + column;
      const known = first[cell]!;
      if (known === EMPTY || grid.priority[at]! < grid.priority[known]!) first[cell] = at;
    }
  });
}

/** Takes images by priority; one nearer to a taken one than `apart` is left out, in the cells as well. */
function thin(cells: Cells, grid: Grid, apart: number): Int32Array {
  const candidates = cells.first.filter((at) => at !== EMPTY).sort((a, b) => grid.priority[a]! - grid.priority[b]!);
  cells.first.fill(EMPTY);
  return candidates.filter((at) => {
    if (nearest(cells, grid, at, 2) < apart) return false;
    cells.first[cellOf(cells, grid, at)] = at;
    return true;
  });
}

function roomOf(chosen: Int32Array, cells: Cells, grid: Grid, most: number): Float32Array {
  const reach = Math.ceil(most / cells.side);
  return Float32Array.from(chosen, (at) => Math.min(most * 2, nearest(cells, grid, at, reach)));
}

/** How far the nearest other image in the cells is, by the larger of both directions, since pictures are squares. */
function nearest(cells: Cells, grid: Grid, at: number, reach: number): number {
  const cell = cellOf(cells, grid, at);
  const column = cell % cells.across;
  const line = (cell - column) / cells.across;
  const x = grid.x[at]!;
  const y = grid.y[at]!;
  let least = Infinity;
  for (let j = Math.max(0, line - reach); j <= Math.min(cells.down - 1, line + reach); j++) {
    for (let i = Math.max(0, column - reach); i <= Math.min(cells.across - 1, column + reach); i++) {
      const other = cells.first[j * cells.across + i]!;
      if (other === EMPTY || other === at) continue;
      least = Math.min(least, Math.max(Math.abs(grid.x[other]! - x), Math.abs(grid.y[other]! - y)));
    }
  }
  return least;
}

function cellOf({ side, left, bottom, across }: Cells, grid: Grid, at: number): number {
  const perUnit = 1 / side;
  return (Math.floor(grid.y[at]! * perUnit) - bottom) * across + Math.floor(grid.x[at]! * perUnit) - left;
}

function grown(box: Box, x: number, y: number): Box {
  return { x0: box.x0 - x, x1: box.x1 + x, y0: box.y0 - y, y1: box.y1 + y };
}

function within(inner: Box, outer: Box): boolean {
  return inner.x0 >= outer.x0 && inner.x1 <= outer.x1 && inner.y0 >= outer.y0 && inner.y1 <= outer.y1;
}

function isIn(box: Box, x: number, y: number): boolean {
  return x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1;
}
