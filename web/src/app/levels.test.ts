import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Collection, Points } from "../data/types";

const edit = vi.hoisted(() => vi.fn());
const show = vi.hoisted(() => vi.fn());

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  return { collection: signal(null), points: signal(null), source: { edit } };
});
vi.mock("./notifications", () => ({ notify: vi.fn() }));
vi.mock("./edits", () => ({ attempt: (work: () => Promise<void>) => work().then(() => true), load: vi.fn(), show }));

import { moveAlong } from "./levels";
import { collection, points } from "./store";

function onLevel(level: number): Collection {
  const levels = [2, 3].map((groups) => ({ groups, stability: 1, error: 0, numbers: [0, 1, groups - 1] }));
  return { groups: [], tree: { level, found: 3, levels, colours: ["#111111"] }, undo: "an edit" } as unknown as Collection;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  const column = new Int32Array(3);
  const places = new Float32Array(3);
  const there: Points = { x: places, y: places, group: column, label: column, priority: new Uint32Array(3), leaf: Int32Array.of(0, 1, 2) };
  [collection.value, points.value] = [onLevel(3), there];
  edit.mockReset().mockImplementation(({ groups }) => Promise.resolve({ collection: onLevel(groups), message: "moved" }));
  show.mockReset().mockImplementation((next) => Promise.resolve(void (collection.value = next)));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("letting go of the slider where it was is no edit", async () => {
  moveAlong(3, true);
  await vi.runAllTimersAsync();
  expect(edit).not.toHaveBeenCalled();
  moveAlong(2, false);
  expect(collection.value?.undo).toBeNull();
  moveAlong(3, true);
  await vi.runAllTimersAsync();
  expect(edit).not.toHaveBeenCalled();
  expect(collection.value?.undo).toBe("an edit");
});

test("the level is shown that was chosen, though another edit was answered meanwhile", async () => {
  moveAlong(2, true);
  collection.value = onLevel(3);
  await vi.runAllTimersAsync();
  expect(edit).toHaveBeenCalledTimes(1);
  expect(collection.value?.tree?.level).toBe(2);
});

test("held keys are one edit, of the last level", async () => {
  moveAlong(2, true);
  moveAlong(3, true);
  moveAlong(2, true);
  expect([...points.value!.group]).toEqual([0, 1, 1]);
  await vi.runAllTimersAsync();
  expect(edit.mock.calls).toEqual([[{ action: "move_along", groups: 2 }]]);
  expect(collection.value?.tree?.level).toBe(2);
});
