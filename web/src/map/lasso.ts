import type { Box } from "./camera";
import type { Grid } from "./grid";

/** The rows within a polygon of the map (x and y of its corners, alternating), by the even-odd rule. */
export function rowsWithin(grid: Grid, corners: number[]): Uint32Array {
  const rows: number[] = [];
  const lines = linesOf(corners);
  grid.runs(boxOf(corners), (from, to) => {
    // Images of a run lie in one line of cells, which few sides of the polygon cross.
    let low = Infinity;
    let high = -Infinity;
    for (let at = from; at < to; at++) {
      low = Math.min(low, grid.y[at]!);
      high = Math.max(high, grid.y[at]!);
    }
    const crossing = lines.filter(({ y0, y1 }) => Math.min(y0, y1) <= high && Math.max(y0, y1) > low);
    if (crossing.length === 0) return;
    for (let at = from; at < to; at++) {
      if (isInside(crossing, grid.x[at]!, grid.y[at]!)) rows.push(grid.row[at]!);
    }
  });
  return Uint32Array.from(rows).sort();
}

interface Line {
  x0: number;
  y0: number;
  y1: number;
  slope: number; // how far x goes for one step of y
}

function linesOf(corners: number[]): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < corners.length; at += 2) {
    const next = (at + 2) % corners.length;
    const [x0, y0, x1, y1] = [corners[at]!, corners[at + 1]!, corners[next]!, corners[next + 1]!];
    if (y0 !== y1) lines.push({ x0, y0, y1, slope: (x1 - x0) / (y1 - y0) });
  }
  return lines;
}

function isInside(lines: Line[], x: number, y: number): boolean {
  let inside = false;
  for (const { x0, y0, y1, slope } of lines) {
    if (y0 > y !== y1 > y && x < x0 + (y - y0) * slope) inside = !inside;
  }
  return inside;
}

function boxOf(corners: number[]): Box {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (let at = 0; at < corners.length; at += 2) {
    box.x0 = Math.min(box.x0, corners[at]!);
    box.x1 = Math.max(box.x1, corners[at]!);
    box.y0 = Math.min(box.y0, corners[at + 1]!);
    box.y1 = Math.max(box.y1, corners[at + 1]!);
  }
  return box;
}
