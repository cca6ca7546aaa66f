import { beforeEach, expect, test, vi } from "vitest";
import { createBitmaps } from "./bitmaps";

const closed: string[] = [];

beforeEach(() => {
  closed.length = 0;
  vi.stubGlobal("createImageBitmap", async (blob: Blob) => {
    const text = await blob.text();
    return { text, close: () => closed.push(text) };
  });
});

function source() {
  const requests: number[][] = [];
  const thumbnails = async (rows: number[]) => {
    requests.push(rows);
    return rows.map((row) => (row === 3 ? null : new Blob([String(row)])));
  };
  return { requests, thumbnails };
}

test("each thumbnail is requested once, also while it is on its way", async () => {
  const from = source();
  const bitmaps = createBitmaps(from, () => undefined);
  await Promise.all([bitmaps.want([1, 2, 3]), bitmaps.want([2, 3, 4])]);
  await bitmaps.want([1, 4]);
  expect(from.requests).toEqual([[1, 2, 3], [4]]);
  expect(bitmaps.get(2)).toMatchObject({ text: "2" });
  expect(bitmaps.get(3)).toBe(null);
  expect(bitmaps.get(9)).toBe(undefined);
});

test("the least recently drawn are forgotten and freed", async () => {
  const bitmaps = createBitmaps(source(), () => undefined);
  await bitmaps.want([0]);
  await bitmaps.want([1]);
  bitmaps.get(0);
  await bitmaps.want(Array.from({ length: 1_999 }, (_, row) => 10 + row));
  await bitmaps.want(Array.from({ length: 2_000 }, (_, row) => 5_000 + row));
  expect(bitmaps.get(1)).toBe(undefined);
  expect(bitmaps.get(0)).toMatchObject({ text: "0" });
  expect(closed).toEqual(["1"]);
});

test("an answer for rows that have become other images is dropped", async () => {
  const bitmaps = createBitmaps(source(), () => undefined);
  const late = bitmaps.want([7]);
  bitmaps.clear();
  await late;
  expect(bitmaps.get(7)).toBe(undefined);
  expect(closed).toEqual(["7"]);
});

test("after a failure the next view requests them again", async () => {
  let fails = true;
  const thumbnails = async (rows: number[]) => {
    if (fails) throw new Error("away");
    return rows.map(() => new Blob(["x"]));
  };
  const bitmaps = createBitmaps({ thumbnails }, () => undefined);
  await expect(bitmaps.want([1])).rejects.toThrow("away");
  fails = false;
  await bitmaps.want([1]);
  expect(bitmaps.get(1)).toMatchObject({ text: "x" });
});
