import { beforeEach, expect, test, vi } from "vitest";
import type { Collection, Job } from "../data/types";

const [edit, start, rows, notify] = vi.hoisted(() => [vi.fn(), vi.fn(), vi.fn(), vi.fn()]);

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  return { collection: signal(null), job: signal(null), source: { editable: true, rows } };
});
vi.mock("./edits", () => ({ attempt: vi.fn(), edit }));
vi.mock("./jobs", () => ({ start, whenEnded: vi.fn() }));
vi.mock("./caches", () => ({ facts: { refresh: vi.fn() } }));
vi.mock("./notifications", () => ({ notify }));

import { collection, job } from "./store";
import { afterJob, badWay, goodWay, judge, outcome, wayOf } from "./inspection";

const shown = (pending = 0, can_learn = true) => ({ inspection: { threshold: 2, can_learn, pending } }) as Collection;
const ended = (state: Job["state"]) => ({ kind: "judge", state, result: null }) as Job;
const running = { state: "running" } as Job;

beforeEach(() => {
  for (const mock of [edit, start, rows, notify]) mock.mockReset();
  edit.mockResolvedValue(true);
  start.mockResolvedValue(true);
  collection.value = shown();
  job.value = null;
  [goodWay.value, badWay.value] = ["memory", "threshold"];
});

const score = (...scores: (number | null)[]) => rows.mockResolvedValue(scores.map((inspection_score) => ({ inspection_score })));

test("a word that the score agrees with changes nothing else, and one against it goes the chosen way", () => {
  expect(wayOf("good", [1])).toBe("word");
  expect(wayOf("not good", [3])).toBe("word");
  expect(wayOf("good", [null])).toBe("word");
  expect(wayOf("good", [1, 3])).toBe("memory");
  expect(wayOf("not good", [2])).toBe("threshold");
  [goodWay.value, badWay.value] = ["threshold", "word"];
  expect(wayOf("good", [3])).toBe("threshold");
  expect(wayOf("not good", [1])).toBe("word");
  goodWay.value = "memory";
  collection.value = shown(0, false); // a model without a memory
  expect(wayOf("good", [3])).toBe("word");
});

test("good, though called not good, is kept as a word and then added to the memory", async () => {
  score(3);
  expect(await judge([4], "good")).toBe(true);
  expect(edit).toHaveBeenCalledExactlyOnceWith({ action: "judge", rows: [4], verdict: "good", by: "word" });
  expect(start).toHaveBeenCalledExactlyOnceWith("judge", { by: "memory" });
});

test("not good, though called good, moves the threshold and starts nothing", async () => {
  score(1);
  await judge([4], "not good");
  expect(edit).toHaveBeenCalledExactlyOnceWith({ action: "judge", rows: [4], verdict: "not good", by: "threshold" });
  expect(start).not.toHaveBeenCalled();
});

test("a word that fails adds nothing, and no row is no word", async () => {
  score(3);
  edit.mockResolvedValue(false);
  expect(await judge([4], "good")).toBe(false);
  expect(await judge([], "good")).toBe(false);
  expect(start).not.toHaveBeenCalled();
});

test("what is called good while the memory grows goes into it afterwards, once", async () => {
  score(3);
  job.value = running;
  await judge([4], "good");
  await judge([5], "good");
  expect(start).not.toHaveBeenCalled();
  job.value = null;
  collection.value = shown(2);
  afterJob(ended("done"));
  expect(start).toHaveBeenCalledExactlyOnceWith("judge", { by: "memory" });
  afterJob(ended("done"));
  expect(start).toHaveBeenCalledOnce();
});

test("after a job that was stopped or failed nothing starts by itself", async () => {
  score(3);
  job.value = running;
  await judge([4], "good");
  job.value = null;
  collection.value = shown(1);
  afterJob(ended("stopped"));
  afterJob(ended("done"));
  expect(start).not.toHaveBeenCalled();
});

test("the outcome says both thresholds and how many are still not good", () => {
  const counts = { not_good: 34, old_not_good: 36 };
  expect(outcome({ added: 2, still_not_good: 1, threshold: 2.5, old_threshold: 2, ...counts })).toBe(
    "Added 2 good images to the memory: the threshold is 2.5, it was 2, 1 of them still scores above it. 34 images not good, 36 before.",
  );
  expect(outcome({ added: 0, still_not_good: 0, threshold: 2, old_threshold: 2, ...counts })).toBe(
    "Inspected again: the threshold stays at 2. 34 images not good, 36 before.",
  );
});
