import { expect, test, vi } from "vitest";

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  return { collection: signal(null), results: signal(null), source: { editable: true } };
});
vi.mock("./search", () => ({ leaveResults: vi.fn(), showResults: vi.fn(), NEAREST: 60 }));

import { titleOf } from "./words";

test("the title says how a text was understood", () => {
  expect(titleOf({ words: ["red shoe"], without: [] })).toBe("“red shoe”");
  expect(titleOf({ words: ["red", "shoe"], without: ["grass", "sky"] })).toBe("“red” + “shoe”, not “grass”, “sky”");
  expect(titleOf({ words: [], without: ["grass"] })).toBe("not “grass”");
  expect(titleOf({ words: ["red"], without: [] }, "cat.jpg")).toBe("cat.jpg + “red”");
});
