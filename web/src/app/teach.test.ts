import { beforeEach, expect, test, vi } from "vitest";
import type { Collection, Teaching } from "../data/types";

const [edit, teach, undo] = vi.hoisted(() => [vi.fn(), vi.fn(), vi.fn()]);

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  return { collection: signal(null), view: signal("map"), source: { editable: true, teach } };
});
vi.mock("./edits", () => ({
  attempt: (work: () => Promise<void>) => work().then(() => true, () => false),
  edit,
  undo,
}));

import { collection, view } from "./store";
import {
  acceptBatch, assign, current, estimates, followTeaching, inOrder, leaveOut, leftOut, names, offered, pressWhileTeaching,
  refresh, steps, takeBack,
} from "./teach";

const shown = (revision: number, undoes: string | null = null) => ({ revision, images: 9, undo: undoes }) as Collection;

function answer(rows: number[], more: Partial<Teaching> = {}): Teaching {
  const images = rows.map((row) => ({ row, reason: "uncertain", label: "cup", probability: 0.6 }));
  const names = [{ name: "cup", count: 2 }, { name: "hat", count: 1 }];
  return { images, names, accuracy: null, batches: [], labelled: 3, learnt: 3, left: rows.length, compared: 9, ...more };
}

const press = (key: string, repeat = false) => pressWhileTeaching({ key, repeat, target: null } as unknown as KeyboardEvent);
const settled = () => new Promise((done) => setTimeout(done));

let revision = 0;

beforeEach(async () => {
  vi.stubGlobal("HTMLElement", class {});
  view.value = "map";
  edit.mockReset().mockImplementation(async () => {
    collection.value = shown(revision, "an edit");
    return true;
  });
  teach.mockReset().mockResolvedValue(answer([4, 5, 6]));
  collection.value = shown(++revision);
  await refresh();
});

test("a number names the image and shows the next one before the server answers", async () => {
  expect(current.value?.row).toBe(4);
  expect(press("2")).toBe(true);
  expect(current.value?.row).toBe(5);
  await settled();
  expect(edit).toHaveBeenCalledExactlyOnceWith({ action: "label", rows: [4], label: "hat" }, { quiet: true });
});

test("Enter accepts the suggestion; a key held down decides nothing; a number without a name does nothing", async () => {
  press("Enter", true);
  expect(press("7")).toBe(true);
  await settled();
  expect(edit).not.toHaveBeenCalled();
  press("Enter");
  await settled();
  expect(edit.mock.lastCall?.[0]).toEqual({ action: "label", rows: [4], label: "cup" });
});

test("an image that was named is not shown again from an older answer", async () => {
  press("1");
  await settled();
  press("s");
  expect(current.value?.row).toBe(6);
  press("s");
  expect(current.value).toBe(null);
});

test("Backspace undoes what the last step did, by its name, and shows its image", async () => {
  press("1");
  await settled();
  press("Backspace");
  expect(current.value?.row).toBe(4);
  await settled();
  expect(edit.mock.lastCall?.[0]).toEqual({ action: "undo", message: "an edit" });
  expect(steps.value).toEqual([]);
});

test("Backspace after a label that was not taken undoes nothing else", async () => {
  edit.mockResolvedValueOnce(false);
  press("1");
  press("Backspace");
  await settled();
  expect(edit).toHaveBeenCalledTimes(1);
});

test("Backspace shows a skipped image again and undoes nothing", async () => {
  press("s");
  takeBack();
  await settled();
  expect(current.value?.row).toBe(4);
  expect(edit).not.toHaveBeenCalled();
});

test("a label that was not taken shows its image again", async () => {
  edit.mockResolvedValueOnce(false);
  press("1");
  await settled();
  expect(current.value?.row).toBe(4);
  expect(steps.value).toEqual([]);
});

test("a new answer changes neither the image nor its suggestion while somebody looks at it", async () => {
  teach.mockResolvedValue(answer([8, 4], { names: [{ name: "bag", count: 9 }, { name: "hat", count: 1 }, { name: "cup", count: 2 }] }));
  await refresh();
  expect(current.value?.row).toBe(4);
  expect(names.value).toEqual(["cup", "hat", "bag"]);
  press("s");
  expect(current.value?.row).toBe(8);
});

test("a batch is named but for what was left out, and only after it could be seen", async () => {
  const batches = [{ label: "hat", rows: [5, 6, 7], probability: 0.97 }];
  teach.mockResolvedValue(answer([4, 5, 6], { batches }));
  await refresh();
  const now = vi.spyOn(performance, "now");
  now.mockReturnValue(performance.now());
  leaveOut(6);
  acceptBatch();
  expect(edit).not.toHaveBeenCalled();
  now.mockReturnValue(performance.now() + 1000);
  acceptBatch();
  now.mockRestore();
  await settled();
  expect(edit.mock.lastCall?.[0]).toEqual({ action: "label", rows: [5, 7], label: "hat" });
  expect(offered.value).toBe(null);
  expect(leftOut.value.size).toBe(0);
  expect(current.value?.row).toBe(4);
});

test("what was left out of a batch is not offered with that name again", async () => {
  teach.mockResolvedValue(answer([4], { batches: [{ label: "hat", rows: [5, 6], probability: 0.97 }] }));
  await refresh();
  press("x");
  expect(offered.value).toBe(null);
  teach.mockResolvedValue(answer([4], { batches: [{ label: "hat", rows: [5, 7], probability: 0.97 }] }));
  await refresh();
  expect(offered.value?.rows).toEqual([7]);
});

test("the estimates of a session are kept, one for each number of labels", async () => {
  for (const labels of [10, 10, 12]) {
    teach.mockResolvedValue(answer([4], { accuracy: { value: 0.8, low: 0.7, high: 0.9, labels } }));
    await refresh();
  }
  expect(estimates.value.map((one) => one.labels)).toEqual([10, 12]);
});

test("an answer that does not know the newest labels yet is requested again, but not for ever", async () => {
  vi.useFakeTimers();
  view.value = "teach";
  teach.mockClear().mockResolvedValue(answer([4], { learnt: 2 }));
  await refresh();
  await vi.advanceTimersByTimeAsync(600);
  expect(teach).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(teach.mock.calls.length).toBeLessThan(10);
  const accuracy = { value: 0.8, low: 0.7, high: 0.9, labels: 2 };
  teach.mockClear().mockResolvedValueOnce(answer([4], { accuracy })).mockResolvedValue(answer([4], { accuracy: { ...accuracy, labels: 3 } }));
  await refresh();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(teach).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});

test("other rows are other images: nothing of before stays", async () => {
  press("s");
  collection.value = shown(++revision);
  await refresh();
  expect(current.value?.row).toBe(4);
  expect(steps.value).toEqual([]);
});

test("what to label is asked for while the view is open, and not before", async () => {
  const end = followTeaching();
  teach.mockClear();
  collection.value = shown(revision);
  await settled();
  expect(teach).not.toHaveBeenCalled();
  view.value = "teach";
  await settled();
  expect(teach).toHaveBeenCalledTimes(1);
  end();
});

test("names keep their places, and new ones come after them", () => {
  const answered = { names: ["b", "c", "a"].map((name) => ({ name, count: 1 })) };
  expect(inOrder(["a", "gone", "b"], answered, [])).toEqual(["a", "b", "c"]);
  expect(inOrder([], answered, [])).toEqual(["b", "c", "a"]);
});

test("a name that was just given keeps its key though the answer is older", () => {
  const answered = { names: [{ name: "a", count: 1 }] };
  expect(inOrder(["a", "y", "x"], answered, ["y", "x"])).toEqual(["a", "y", "x"]);
});

test("a name is trimmed, and none is no name", async () => {
  assign("  ");
  expect(current.value?.row).toBe(4);
  assign(" bag ");
  await settled();
  expect(edit.mock.lastCall?.[0]).toMatchObject({ label: "bag" });
});
