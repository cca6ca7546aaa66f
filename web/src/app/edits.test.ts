import { expect, test, vi } from "vitest";
import type { Collection } from "../data/types";

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  const names = ["busy", "tickedGroups", "collection", "filter", "openDialog", "opened", "points", "results", "selection", "shown", "trouble", "toasts"];
  const signals = Object.fromEntries(names.map((name) => [name, signal<unknown>(null)]));
  signals.filter = signal({});
  signals.tickedGroups = signal([]);
  return { ...signals, source: { editable: true, points: async () => null } };
});
vi.mock("./caches", () => ({ thumbs: { clear: vi.fn() }, facts: { clear: vi.fn(), refresh: vi.fn() } }));

import { show } from "./edits";
import { beside, note, typed } from "./typed";

const seen = (revision: number) => ({ revision, name: "w", groups: [], labels: [] }) as unknown as Collection;

test("words beside an image go where its row is another's", async () => {
  vi.stubGlobal("document", {});
  await show(seen(1));
  typed.value = "red";
  note.value = "a note";
  beside.value = { row: 3, name: "cat.jpg" };
  await show(seen(1)); // an edit: rows stay
  expect([typed.value, beside.value?.row]).toEqual(["red", 3]);
  await show(seen(2)); // another workspace or space, or rows that came
  expect([typed.value, note.value, beside.value]).toEqual(["", "", null]);
});
