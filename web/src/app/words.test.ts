import { beforeEach, expect, test, vi } from "vitest";
import type { Collection } from "../data/types";

const [searchWords, rows, explained] = vi.hoisted(() => [vi.fn(), vi.fn(), vi.fn()]);

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  return { collection: signal(null), results: signal(null), source: { editable: true, searchWords, rows } };
});
vi.mock("./search", () => ({ leaveResults: vi.fn(), showResults: vi.fn(), NEAREST: 60 }));
vi.mock("./edits", () => ({
  attempt: (work: () => Promise<void>) =>
    work().then(
      () => true,
      (error: Error) => {
        explained(error.message);
        return false;
      },
    ),
}));

import { collection, results } from "./store";
import { beside, picked } from "./typed";
import { addWords, titleOf, warmUp } from "./words";

const seen = (work: string, space: string | null) =>
  ({ work, space, words: { ready: true, message: "" } }) as unknown as Collection;
const settled = () => new Promise((done) => setTimeout(done));

beforeEach(() => {
  vi.stubGlobal("document", { getElementById: () => null });
  searchWords.mockReset().mockResolvedValue({});
  rows.mockReset().mockResolvedValue([{ path: "a/cat.jpg" }]);
  explained.mockReset();
  beside.value = picked.value = null;
});

test("the title says how a text was understood", () => {
  expect(titleOf({ words: ["red shoe"], without: [] })).toBe("“red shoe”");
  expect(titleOf({ words: ["red", "shoe"], without: ["grass", "sky"] })).toBe("“red” + “shoe”, not “grass”, “sky”");
  expect(titleOf({ words: [], without: ["grass"] })).toBe("not “grass”");
  expect(titleOf({ words: ["red"], without: [] }, "cat.jpg")).toBe("cat.jpg + “red”");
});

test("each workspace and each space is warmed up once", async () => {
  const calls: number[] = [];
  for (const next of [seen("a", null), seen("a", null), seen("a", "words"), seen("b", "words"), seen("b", "words")]) {
    collection.value = next;
    warmUp();
    await settled();
    calls.push(searchWords.mock.calls.length);
  }
  expect(calls).toEqual([1, 1, 2, 3, 3]);
});

test("what could not be warmed up is tried again", async () => {
  collection.value = seen("c", null);
  searchWords.mockRejectedValueOnce(new Error("gone"));
  warmUp();
  await settled();
  warmUp();
  expect(searchWords).toHaveBeenCalledTimes(2);
});

test("words go on beside the image that was searched for", async () => {
  results.value = { title: "", near: [], row: 3 };
  expect(await addWords()).toBe(true);
  expect(beside.value).toEqual({ row: 3, name: "cat.jpg" });
  expect(picked.value).toBe("words");
});

test("a request that fails is explained, and nothing is added", async () => {
  results.value = { title: "", near: [], row: 3 };
  rows.mockRejectedValueOnce(new Error("The server is gone."));
  expect(await addWords()).toBe(false);
  expect(explained).toHaveBeenCalledWith("The server is gone.");
  expect(beside.value).toBeNull();
});

test("the image of a search that was left meanwhile is not added", async () => {
  results.value = { title: "", near: [], row: 3 };
  const added = addWords();
  results.value = { title: "", near: [], row: 4 };
  await added;
  expect(beside.value).toBeNull();
});
