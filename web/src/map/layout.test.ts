import { expect, test } from "vitest";
import { fit, pan, toScreen, zoom, type View } from "./camera";
import { createGrid } from "./grid";
import { createLayout, type Picture } from "./layout";
import { samplePoints } from "./samples";

const WHOLE = fit({ x0: -1, y0: -1, x1: 1, y1: 1 }, 1200, 800);
const CLUSTER = fit({ x0: 0.1, y0: -0.5, x1: 1.1, y1: 0.5 }, 1200, 800);
const POINTS = samplePoints(20_000);

function picturesOf(view: View, points = POINTS): Picture[] {
  return createLayout(createGrid(points, null)).pictures(view);
}

function overlaps(pictures: Picture[]): number {
  return pictures.filter((a, at) => pictures.slice(at + 1).some((b) => {
    return Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) < (a.size + b.size) / 2 - 1e-6;
  })).length;
}

test.each([0.5, 1, 2, 5])("no two pictures overlap at zoom %d", (factor) => {
  const pictures = picturesOf(zoom(CLUSTER, factor));
  expect(pictures.length).toBeGreaterThan(50);
  expect(overlaps(pictures)).toBe(0);
});

test("an image without a picture has one of higher priority near it", () => {
  const pictures = picturesOf(CLUSTER);
  for (let row = 0; row < POINTS.x.length; row += 7) {
    const [x, y] = toScreen(CLUSTER, POINTS.x[row]!, POINTS.y[row]!);
    if (x < 0 || y < 0 || x > 1200 || y > 800) continue;
    const near = pictures.some((picture) => {
      const isNear = Math.max(Math.abs(picture.x - x), Math.abs(picture.y - y)) <= 1.5 * 36 * Math.SQRT2;
      return isNear && picture.priority <= POINTS.priority[row]!;
    });
    expect(near).toBe(true);
  }
});

test("panning neither adds nor drops a picture that stays in view", () => {
  const layout = createLayout(createGrid(POINTS, null));
  const view = zoom(CLUSTER, 1.7);
  const before = layout.pictures(view);
  for (const [dx, dy] of [[7, -3], [300, 200], [-900, 500]] as const) {
    const fresh = picturesOf(pan(view, dx, dy)).map(({ row }) => row);
    const after = layout.pictures(pan(view, dx, dy)).map(({ row }) => row);
    const staying = before.filter(({ x, y }) => x + dx > 0 && x + dx < 1200 && y + dy > 0 && y + dy < 800);
    for (const { row } of staying) expect(after).toContain(row);
    for (const { row } of staying) expect(fresh).toContain(row);
  }
});

test("pictures grow as images get sparse, from 32 to 96 pixels", () => {
  const sizes = [0.5, 25].map((factor) => {
    const pictures = picturesOf(zoom(CLUSTER, factor), samplePoints(2_000));
    expect(pictures.every(({ size }) => size >= 32 && size <= 96)).toBe(true);
    return pictures.reduce((sum, { size }) => sum + size, 0) / pictures.length;
  });
  expect(sizes[1]).toBeGreaterThan(1.3 * sizes[0]!);
});

test("close up every image in view has a picture, those at one place side by side", () => {
  const points = samplePoints(40);
  for (const row of [10, 11, 12, 13]) {
    points.x[row] = points.x[9]!;
    points.y[row] = points.y[9]!;
  }
  const pictures = picturesOf(WHOLE, points);
  expect(pictures.map(({ row }) => row).sort((a, b) => a - b)).toEqual([...points.x.keys()]);
  const piled = pictures.filter(({ row }) => row >= 9 && row <= 13);
  for (const a of piled) {
    for (const b of piled) {
      if (a !== b) expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThan(20);
    }
  }
});

test.each([0, 1])("%d images", (count) => {
  expect(picturesOf(WHOLE, samplePoints(count))).toHaveLength(count);
});
