import { expect, test } from "vitest";
import { fit, toScreen } from "./camera";
import { createGrid, type Grid } from "./grid";
import { rowAt } from "./hits";
import { rowsWithin } from "./lasso";
import { generator, samplePoints } from "./samples";

const POINTS = samplePoints(5_000);
POINTS.x[17] = NaN;
POINTS.y[18] = NaN;

function rowsIn(grid: Grid, x0: number, y0: number, x1: number, y1: number): number[] {
  const rows: number[] = [];
  grid.runs({ x0, y0, x1, y1 }, (from, to) => rows.push(...grid.row.subarray(from, to)));
  return rows.sort((a, b) => a - b);
}

test("every image that has a place is held once", () => {
  const rows = rowsIn(createGrid(POINTS, null), -9, -9, 9, 9);
  expect(rows).toEqual([...POINTS.x.keys()].filter((row) => row !== 17 && row !== 18));
});

test("the runs of a box hold all that lies in it, and little else", () => {
  const rows = rowsIn(createGrid(POINTS, null), 0.1, -0.3, 0.5, 0.2);
  const inside = [...POINTS.x.keys()].filter((row) => {
    return POINTS.x[row]! >= 0.1 && POINTS.x[row]! <= 0.5 && POINTS.y[row]! >= -0.3 && POINTS.y[row]! <= 0.2;
  });
  expect(inside.length).toBeGreaterThan(20);
  expect(rows).toEqual(expect.arrayContaining(inside));
  expect(rows.length).toBeLessThan(inside.length * 2);
});

test("what is not shown is not held", () => {
  const shown = new Uint8Array(5_000);
  shown[3] = shown[17] = shown[400] = 1;
  expect(rowsIn(createGrid(POINTS, shown), -9, -9, 9, 9)).toEqual([3, 400]);
});

test("a lasso selects as a ray to the right counts its sides, also where it crosses itself", () => {
  const random = generator(7);
  const corners = Array.from({ length: 60 }, () => random() * 2 - 1);
  const expected = [...POINTS.x.keys()].filter((row) => {
    const [x, y] = [POINTS.x[row]!, POINTS.y[row]!];
    let sides = 0;
    for (let at = 0; at < corners.length; at += 2) {
      const [ax, ay] = [corners[at]!, corners[at + 1]!];
      const [bx, by] = [corners[(at + 2) % 60]!, corners[(at + 3) % 60]!];
      if (ay > y !== by > y && ax + ((y - ay) / (by - ay)) * (bx - ax) > x) sides++;
    }
    return sides % 2 === 1;
  });
  expect(expected.length).toBeGreaterThan(500);
  expect([...rowsWithin(createGrid(POINTS, null), corners)]).toEqual(expected);
});

test("a picture is hit before the point beneath it, and nothing far from both", () => {
  const grid = createGrid(POINTS, null);
  const view = fit({ x0: -1, y0: -1, x1: 1, y1: 1 }, 800, 800);
  const [x, y] = toScreen(view, POINTS.x[5]!, POINTS.y[5]!);
  const picture = { row: 4_000, priority: 0, x: x + 10, y, size: 40, pointX: x, pointY: y, width: 40, height: 30 };
  expect(rowAt(x, y, view, [], grid)).toBe(5);
  expect(rowAt(x, y, view, [picture], grid)).toBe(4_000);
  expect(rowAt(2, 2, view, [picture], grid)).toBe(null);
});
