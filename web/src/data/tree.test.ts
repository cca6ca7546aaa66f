import { expect, test } from "vitest";
import { describeGroups, groupsOnLevel } from "./tree";
import type { Group, Points, Tree } from "./types";

const tree: Tree = {
  level: 3,
  found: 3,
  levels: [
    { groups: 2, stability: 1, error: 0, numbers: [0, 0, 1, 0] },
    { groups: 3, stability: 1, error: 0, numbers: [0, 0, 1, 2] },
    { groups: 4, stability: null, error: null, numbers: [1, 0, 2, 3] },
  ],
  colours: ["#111111", "#222222"],
};

/** Six images: one of each leaf, one in a group made by hand, one in none. */
const points: Points = {
  x: Float32Array.of(0, 1, 2, 3, 4, NaN),
  y: new Float32Array(6),
  group: Int32Array.of(0, 0, 1, 2, 3, -1),
  label: new Int32Array(6).fill(-1),
  priority: new Uint32Array(6),
  leaf: Int32Array.of(0, 1, 2, 3, -1, -1),
};

test("images follow their leaf to a coarser or finer level, and back", () => {
  expect([...groupsOnLevel(tree, 2, points)]).toEqual([0, 0, 1, 0, 2, -1]);
  expect([...groupsOnLevel(tree, 4, points)]).toEqual([1, 0, 2, 3, 4, -1]);
  const coarse = { ...points, group: groupsOnLevel(tree, 2, points) };
  expect([...groupsOnLevel({ ...tree, level: 2 }, 3, coarse)]).toEqual([...points.group]);
});

test("groups are counted, coloured and stood for by the image amid them", () => {
  const none = { group: -1, name: "no group", colour: "#8a8a8a", ink: "#000000", count: 9, middle: null } as Group;
  const group = Int32Array.of(0, 0, 0, 2, 2, -1);
  const described = describeGroups({ ...points, group }, tree.colours, none);
  expect(described.map((one) => [one.group, one.count, one.colour, one.middle])).toEqual([
    [0, 3, "#111111", 1],
    [2, 2, "#111111", 3],
    [-1, 1, "#8a8a8a", null],
  ]);
});
