import { toMap, type View } from "./camera";
import type { Grid } from "./grid";
import type { Picture } from "./layout";

const REACH = 10; // pixels from a point at which it is still meant

/** The row at a place of the screen: the topmost picture there, or the nearest point. */
export function rowAt(x: number, y: number, view: View, pictures: Picture[], grid: Grid): number | null {
  const over = pictures.find((picture) => {
    return Math.abs(picture.x - x) <= picture.size / 2 && Math.abs(picture.y - y) <= picture.size / 2;
  });
  return over?.row ?? nearestPoint(x, y, view, grid);
}

function nearestPoint(x: number, y: number, view: View, grid: Grid): number | null {
  const [mapX, mapY] = toMap(view, x, y);
  const reach = REACH / view.scale;
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
