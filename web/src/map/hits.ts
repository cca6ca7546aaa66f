import { toMap, type View } from "./camera";
import type { Grid } from "./grid";
import type { Drawn } from "./overlay";

const FRAME = 2; // pixels around a picture
const REACH = 10; // pixels from a point at which a mouse still means it

/** The row at a place of the screen: the topmost picture there, or the nearest point. */
export function rowAt(
  x: number, y: number, view: View, pictures: Drawn[], grid: Grid, reach = REACH,
): number | null {
  const over = pictures.find(({ x: midX, y: midY, width, height }) => {
    return Math.abs(midX - x) <= width / 2 + FRAME && Math.abs(midY - y) <= height / 2 + FRAME;
  });
  return over?.row ?? nearestPoint(x, y, reach, view, grid);
}

function nearestPoint(x: number, y: number, pixels: number, view: View, grid: Grid): number | null {
  const [mapX, mapY] = toMap(view, x, y);
  const reach = pixels / view.scale;
  let least = reach * reach;
  let row: number | null = null;
  grid.runs({ x0: mapX - reach, x1: mapX + reach, y0: mapY - reach, y1: mapY + reach }, (from, to) => {
    for (let at = from; at < to; at++) {
      const apart = (grid.x[at]! - mapX) ** 2 + (grid.y[at]! - mapY) ** 2;
      if (apart >= least) continue;
      least = apart;
      row = grid.row[at]!;
    }
  });
  return row;
}
