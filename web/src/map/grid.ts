import type { Points } from "../data/types";
import type { Box } from "./camera";

/**
 * The images that are shown and have a place, sorted by the cell they lie in and by rows of cells, so that what lies in
 * a box is a few runs of neighbours in memory. `x`, `y`, `priority` and `row` are in that order.
 */
export interface Grid {
  x: Float32Array;
  y: Float32Array;
  priority: Uint32Array;
  row: Uint32Array;
  box: Box | null; // around all of them, null where there is none
  runs(box: Box, visit: (from: number, to: number) => void): void;
}

const PER_CELL = 4; // images a cell holds on average
const MOST_CELLS = 1024; // a side

export function createGrid(points: Points, shown: Uint8Array | null): Grid {
  const isHeld = (row: number) => hasPlace(points, row) && (shown === null || shown[row] === 1);
  const rows = Uint32Array.from(points.x.keys()).filter(isHeld);
  const box = boxAround(points, rows);
  const placed = rows.length;
  const cells = Math.max(1, Math.min(MOST_CELLS, Math.ceil(Math.sqrt(placed / PER_CELL))));
  const left = box?.x0 ?? 0;
  const bottom = box?.y0 ?? 0;
  const perUnit = cells / Math.max(box === null ? 0 : Math.max(box.x1 - left, box.y1 - bottom), 1e-6);
  const across = (place: number, from: number) => {
    return Math.max(0, Math.min(cells - 1, Math.floor((place - from) * perUnit)));
  };

  const start = new Uint32Array(cells * cells + 1);
  const cellOf = new Uint32Array(placed);
  rows.forEach((row, place) => {
    const cell = across(points.y[row]!, bottom) * cells + across(points.x[row]!, left);
    cellOf[place] = cell;
    start[cell + 1]!++;
  });
  for (let cell = 0; cell < cells * cells; cell++) start[cell + 1]! += start[cell]!;

  const grid = {
    x: new Float32Array(placed),
    y: new Float32Array(placed),
    priority: new Uint32Array(placed),
    row: new Uint32Array(placed),
  };
  const next = start.slice();
  rows.forEach((row, place) => {
    const at = next[cellOf[place]!]!++;
    grid.x[at] = points.x[row]!;
    grid.y[at] = points.y[row]!;
    grid.priority[at] = points.priority[row]!;
    grid.row[at] = row;
  });

  function runs(area: Box, visit: (from: number, to: number) => void): void {
    if (box === null || area.x1 < box.x0 || area.x0 > box.x1 || area.y1 < box.y0 || area.y0 > box.y1) return;
    const first = across(area.x0, left);
    const last = across(area.x1, left);
    for (let line = across(area.y0, bottom); line <= across(area.y1, bottom); line++) {
      const from = start[line * cells + first]!;
      const to = start[line * cells + last + 1]!;
      if (to > from) visit(from, to);
    }
  }

  return { ...grid, box, runs };
}

export function hasPlace(points: Points, row: number): boolean {
  return Number.isFinite(points.x[row]) && Number.isFinite(points.y[row]);
}

/** The smallest box around these rows, or around all of them; null where none has a place. */
export function boxAround(points: Points, rows: Uint32Array | null): Box | null {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  const count = rows?.length ?? points.x.length;
  for (let place = 0; place < count; place++) {
    const row = rows === null ? place : rows[place]!;
    if (!hasPlace(points, row)) continue;
    box.x0 = Math.min(box.x0, points.x[row]!);
    box.x1 = Math.max(box.x1, points.x[row]!);
    box.y0 = Math.min(box.y0, points.y[row]!);
    box.y1 = Math.max(box.y1, points.y[row]!);
  }
  return box.x0 <= box.x1 ? box : null;
}
