import { expect, test } from "vitest";
import { fit } from "./camera";
import { lift, type ScreenName } from "./names";
import type { Drawn } from "./overlay";

const VIEW = fit({ x0: -1, y0: -1, x1: 1, y1: 1 }, 400, 400);

function picture(row: number, x: number, y: number): Drawn {
  return { row, priority: row, x, y, size: 40, pointX: x, pointY: y, width: 36, height: 36 };
}

function name(group: number, x: number, y: number): ScreenName {
  return { text: "cups", group, x, y, width: 60, height: 18 };
}

function lifted(pictures: Drawn[], ...names: ScreenName[]): [number, number][] {
  lift(names, pictures, (row) => row % 2, VIEW);
  return names.map(({ x, y }) => [x, y]);
}

test("a name stands above the topmost picture of its group", () => {
  expect(lifted([picture(0, 200, 200), picture(2, 210, 150)], name(0, 200, 200))).toEqual([[210, 117]]);
});

test("pictures of other groups, those far off and those without room above them do not take it", () => {
  const pictures = [picture(0, 200, 200), picture(1, 220, 150), picture(2, 200, 10), picture(4, 200, 12)];
  expect(lifted([...pictures, picture(6, 120, 205)], name(0, 200, 200))).toEqual([[120, 172]]);
  expect(lifted([picture(0, 200, 200), picture(1, 220, 165)], name(0, 200, 200))).toEqual([[200, 200]]);
});

test("a name stands higher for a picture beside its own, and stays within the view", () => {
  expect(lifted([picture(0, 200, 200), picture(1, 230, 190.3)], name(0, 200, 200))).toEqual([[200, 157.3]]);
  expect(lifted([picture(0, 20, 200.1)], name(0, 20, 200))).toEqual([[30, 167.1]]);
});

test("names keep clear of one another", () => {
  const pictures = [picture(0, 200, 200), picture(1, 220, 300)];
  expect(lifted(pictures, name(0, 200, 200), name(1, 220, 165))).toEqual([[200, 147], [220, 267]]);
});
