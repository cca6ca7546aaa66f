import { beforeEach, expect, test, vi } from "vitest";
import type { FieldFacet } from "../data/types";

const [codes, fetchFields] = vi.hoisted(() => [vi.fn(), vi.fn()]);

vi.mock("./store", async () => {
  const { signal } = await import("@preact/signals");
  return { collection: signal(null), filter: signal({}), source: { editable: true, codes, fields: fetchFields } };
});
vi.mock("./edits", () => ({ attempt: (work: () => Promise<void>) => work() }));
vi.mock("./search", async () => {
  const { filter } = await import("./store");
  return { narrow: (more: object) => (filter.value = { ...filter.value, ...more }) };
});

import {
  before, colouring, conditionOn, dayOf, endOf, fields, followColours, narrowField, rangeOf, rangeWords, secondsOf,
  toggleValue, wordsOf,
} from "./fields";
import { colourBy } from "./mapState";
import { filter } from "./store";

const facet = (more: Partial<FieldFacet>) => ({ name: "", kind: "choice", images: 3, values: [], others: 0, bins: [], ...more }) as FieldFacet;

beforeEach(() => {
  filter.value = {};
  fields.value = { fields: [facet({ name: "taken", kind: "date" })], saved: [] };
});

test("values of a field are wanted together, and none of them is no condition", () => {
  toggleValue("species", "owl");
  toggleValue("species", "wren");
  expect(filter.value.fields).toEqual([{ name: "species", any: ["owl", "wren"] }]);
  toggleValue("species", "owl");
  toggleValue("species", "wren");
  expect(filter.value.fields).toBe(undefined);
});

test("a condition on one field leaves those on others", () => {
  narrowField("weight", { low: 2, high: null });
  toggleValue("species", "owl");
  narrowField("weight", { low: 3, high: 4 });
  expect(conditionOn("weight")).toEqual({ name: "weight", low: 3, high: 4 });
  narrowField("weight", null);
  expect(filter.value.fields).toEqual([{ name: "species", any: ["owl"] }]);
});

test("a day ends just before the next one, whatever the zone of who looks", () => {
  expect(secondsOf("1970-01-02")).toBe(86_400);
  expect(dayOf(endOf("1970-01-02")!)).toBe("1970-01-02");
  expect(endOf("1970-01-02")! + 0.001).toBe(2 * 86_400);
  expect(secondsOf("no day")).toBe(null);
});

test("a range ends before the edge that the next one begins with", () => {
  for (const edge of [0, 1, -5, 1e12, 1e-3]) expect(before(edge, false)).toBeLessThan(edge);
  expect(before(86_400, true)).toBeCloseTo(86_399.999);
});

test("a bar of a histogram is said as precisely as it is wide, and means what it says", () => {
  const bar = (low: number, high: number) => ({ low, high, count: 1, colour: "#111111" });
  const day = 86_400;
  expect(rangeWords(bar(2.5, 3.5), false)).toBe("3");
  expect(rangeOf(bar(2.5, 3.5), false, false)).toEqual({ low: 3, high: 3 });
  expect(rangeWords(bar(20, 25), false)).toBe("20 to 25");
  expect(rangeOf(bar(20, 25), true, false)).toEqual({ low: 20, high: 25 });
  expect(rangeOf(bar(20, 25), false, false).high).toBeLessThan(25);
  expect(rangeWords(bar(0, 60), true)).toBe("1970-01-01 00:00");
  expect(rangeWords(bar(0, day), true)).toBe("1970-01-01");
  expect(rangeWords(bar(0, 2 * day), true)).toBe("1970-01-01 to 1970-01-02");
  expect(rangeWords(bar(0, 31 * day), true)).toBe("1970-01");
  expect(rangeWords(bar(0, 365 * day), true)).toBe("1970");
});

test("conditions are said in words", () => {
  expect(wordsOf({ name: "species", any: ["owl", "wren"] })).toBe("species: owl or wren");
  expect(wordsOf({ name: "weight", low: 2, high: null })).toBe("weight: from 2");
  expect(wordsOf({ name: "weight", low: 2, high: 2 })).toBe("weight: 2");
  expect(wordsOf({ name: "weight", missing: true })).toBe("without weight");
  expect(wordsOf({ name: "taken", low: 0, high: endOf("1970-01-02")! })).toBe("taken: from 1970-01-01 until 1970-01-02");
});

test("the map takes the colours of a field's values, grey where an image has none", async () => {
  const values = [{ name: "owl", count: 1, colour: "#111111" }, { name: "wren", count: 1, colour: "#222222" }];
  fields.value = { fields: [facet({ name: "species", values })], saved: [] };
  codes.mockResolvedValue(Int32Array.of(1, -1, 0));
  const end = followColours();
  colourBy.value = { field: "species" };
  await new Promise((done) => setTimeout(done));
  expect(codes).toHaveBeenCalledWith("species");
  expect(colouring.value).toMatchObject({ category: Int32Array.of(2, 0, 1) });
  expect((colouring.value as { colours: string[] }).colours.slice(1)).toEqual(["#111111", "#222222"]);
  fields.value = { fields: [], saved: [] };
  expect(colouring.value).toBe("group");
  end();
});
