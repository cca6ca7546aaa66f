import { expect, test } from "vitest";
import { between, drag, fit, isSameView, matrixOf, toMap, toScreen, viewOf, zoom } from "./camera";

const VIEW = fit({ x0: -0.5, y0: 0, x1: 0.7, y1: 0.3 }, 900, 600);

test("places come back from the screen", () => {
  const [x, y] = toScreen(VIEW, 0.2, 0.1);
  const [mapX, mapY] = toMap(VIEW, x, y);
  expect(mapX).toBeCloseTo(0.2);
  expect(mapY).toBeCloseTo(0.1);
});

test("a fitted box is within the screen, in the middle of what the tools above leave, y upwards", () => {
  const [left, bottom] = toScreen(VIEW, -0.5, 0);
  const [right, top] = toScreen(VIEW, 0.7, 0.3);
  expect(left + right).toBeCloseTo(900);
  expect((top + bottom) / 2).toBeCloseTo(324);
  expect(left).toBeCloseTo(40);
  expect(top).toBeGreaterThan(84);
  expect(top).toBeLessThan(bottom);
});

test("a view comes back from regl-scatterplot's matrix", () => {
  expect(isSameView(viewOf(matrixOf(VIEW), 900, 600), VIEW)).toBe(true);
});

test("zooming keeps the middle and stops somewhere", () => {
  const middle = toMap(VIEW, 450, 300);
  expect(toMap(zoom(VIEW, 4), 450, 300)).toEqual(middle.map((place) => expect.closeTo(place)));
  expect(zoom(VIEW, 1e12).scale).toBe(zoom(VIEW, 1e13).scale);
  expect(zoom(VIEW, 1e-12).scale).toBe(zoom(VIEW, 1e-13).scale);
});

test("what lay under fingers lies under them again", () => {
  const before = [{ x: 100, y: 500 }, { x: 300, y: 400 }];
  const after = [{ x: 50, y: 520 }, { x: 450, y: 320 }];
  const view = drag(VIEW, before, after);
  expect(view.scale).toBeCloseTo(2 * VIEW.scale);
  after.forEach(({ x, y }, finger) => {
    const place = toMap(VIEW, before[finger]!.x, before[finger]!.y);
    expect(toMap(view, x, y)).toEqual(place.map((value) => expect.closeTo(value)));
  });
  expect(drag(VIEW, before.slice(1), after.slice(1))).toEqual({ ...VIEW, x0: VIEW.x0 + 150, y0: VIEW.y0 - 80 });
});

test("a glide starts and ends where it should", () => {
  const to = zoom(VIEW, 9);
  expect(isSameView(between(VIEW, to, 0), VIEW)).toBe(true);
  expect(isSameView(between(VIEW, to, 1), to)).toBe(true);
});
