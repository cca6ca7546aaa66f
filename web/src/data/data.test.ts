import { afterEach, expect, test, vi } from "vitest";
import { readPoints, readThumbnails } from "./bytes";
import { ServerSource } from "./server";
import { Refused } from "./source";
import type { Shared } from "./shared";
import { StaticSource } from "./static";
import type { Collection, Filter } from "./types";

afterEach(() => vi.unstubAllGlobals());

/** Three images as the server sends them. */
function pointBytes(): ArrayBuffer {
  const bytes = new ArrayBuffer(4 + 6 * 4 * 3);
  new Uint32Array(bytes)[0] = 3;
  new Float32Array(bytes, 4).set([0.5, NaN, -0.5, 0.25, NaN, -0.25]);
  new Int32Array(bytes, 28).set([0, -1, 1, -1, 0, 0]);
  new Uint32Array(bytes, 52).set([2, 0, 1]);
  new Int32Array(bytes, 64).set([4, -1, 3]);
  return bytes;
}

function shared(): Shared {
  return {
    collection: {
      revision: 4,
      name: "birds",
      columns: ["path", "group", "modified", "outlier_score"],
      meta: { problems: [{ name: "dark", word: "too dark", needs_check: true }, { name: "wrong", needs_check: false }] },
    } as Collection,
    points: btoa(String.fromCharCode(...new Uint8Array(pointBytes()))),
    facts: {
      path: ["a/one.png", "a/b/two.png", "ab/Three.png"],
      probability: [0.5, null, 0.75],
      width: [10, 20, 30],
      height: [1, 2, 3],
      outlier_score: [null, 2, 1],
      label: [null, "owl", "owl"],
    },
    problems: { dark: [2, 0], wrong: [1] },
    figures: { dark: { 2: 0.07, 0: 0.123 } },
    sets: { exact: [[0, 2]], near: [], turned: [], bursts: [] },
    unreadable: [{ path: "broken.png", problem: "corrupt", detail: "not an image" }],
    reading: { assumed: ["White is 4095."], notes: [], left_out: [] },
    thumbnails: { 1: btoa("webp") },
    quality: { facts: [], figures: [], pictures: [], tables: [] },
    originals: "../my images",
    note: "This file holds 3 of 9 images.",
    fields: {
      fields: [
        {
          name: "species", kind: "tags", images: 2, others: 0, bins: [],
          values: [{ name: "cat", count: 2, colour: "#000000" }, { name: "dog", count: 1, colour: "#111111" }],
        },
        {
          name: "weight", kind: "number", images: 2, others: 0, values: [],
          bins: [{ low: 1, high: 2, count: 1, colour: "#000000" }, { low: 2, high: 3, count: 1, colour: "#111111" }],
        },
      ],
      saved: [{ name: "best", count: 1 }],
      values: { species: [[0], null, [1, 0]], weight: [1, 3, null], selections: [null, [0], null] },
    },
  };
}

function stubFetch(...bodies: [BodyInit | null, number?][]) {
  const fetched = vi.fn<(url: string, options?: RequestInit) => Promise<Response>>();
  for (const [body, status] of bodies) fetched.mockResolvedValueOnce(new Response(body, { status: status ?? 200 }));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

test("points are read column by column", () => {
  const points = readPoints(pointBytes());
  expect([...points.x]).toEqual([0.5, NaN, -0.5]);
  expect([...points.y]).toEqual([0.25, NaN, -0.25]);
  expect([...points.group]).toEqual([0, -1, 1]);
  expect([...points.label]).toEqual([-1, 0, 0]);
  expect([...points.priority]).toEqual([2, 0, 1]);
  expect([...points.leaf]).toEqual([4, -1, 3]);
});

test("thumbnails are cut where their lengths say, none where the length is 0", async () => {
  const bytes = new Uint8Array(16 + 5);
  new Uint32Array(bytes.buffer, 0, 4).set([3, 2, 0, 3]);
  bytes.set([1, 2, 3, 4, 5], 16);
  const [first, none, last] = readThumbnails(bytes.buffer);
  expect([...new Uint8Array(await first!.arrayBuffer())]).toEqual([1, 2]);
  expect(none).toBe(null);
  expect([...new Uint8Array(await last!.arrayBuffer())]).toEqual([3, 4, 5]);
});

test("a request carries the token and the revision of the latest collection", async () => {
  const fetched = stubFetch(['{"revision": 7}'], [new Uint32Array([2, 1])], ['{"collection": {"revision": 8}}'], ["[]"]);
  const source = new ServerSource("secret");
  expect([...(await source.select({ label: "owl" }))]).toEqual([2, 1]);
  const [url, options] = fetched.mock.calls[1]!;
  expect(url).toBe("api/select");
  expect(options?.headers).toMatchObject({ "X-Unpool-Token": "secret" });
  expect(JSON.parse(String(options?.body))).toEqual({ revision: 7, label: "owl" });
  await source.edit({ action: "undo" });
  await source.rows([3]);
  expect(JSON.parse(String(fetched.mock.calls[3]![1]?.body))).toEqual({ revision: 8, rows: [3] });
  expect(source.originalUrl(3)).toBe("api/images/3/original?revision=8");
});

test("an error of the server keeps its message", async () => {
  stubFetch(['{"detail": "The collection has changed."}', 409]);
  const refusal = await new ServerSource("").collection().catch((error) => error);
  expect(refusal).toBeInstanceOf(Refused);
  expect(refusal).toMatchObject({ message: "The collection has changed.", stale: true });
});

test("a server that does not answer gives a clear error", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(new ServerSource("").quality()).rejects.toThrow("unpool view does not answer. Is it still running?");
});

test.each([
  [{}, [0, 1, 2]],
  [{ group: -1 }, [1]],
  [{ label: "owl" }, [1, 2]],
  [{ label: "" }, [0]],
  [{ folder: "a" }, [0, 1]],
  [{ text: "THREE" }, [2]],
  [{ rows: [2, 0] }, [2, 0]],
  [{ descending: true }, [2, 1, 0]],
  [{ sort: "outlier_score" }, [2, 1, 0]],
  [{ sort: "outlier_score", descending: true }, [1, 2, 0]],
  [{ sort: "probability" }, [0, 2, 1]],
  [{ problem: "dark" }, [2, 0]],
  [{ problem: "dark", sort: "brightness", descending: true }, [2, 0]], // not carried: as it was found
  [{ problem: "dark", sort: "width" }, [0, 2]],
  [{ problem: "dark", label: "owl" }, [2]],
  [{ problem: "blurred" }, []],
])("a shared page selects %j", async (filter, rows) => {
  expect([...(await new StaticSource(shared()).select(filter))]).toEqual(rows);
});

test("a shared page answers from what it carries and rejects the rest", async () => {
  vi.stubGlobal("location", { protocol: "file:" });
  const source = new StaticSource(shared());
  expect(await source.rows([1])).toEqual([
    {
      row: 1, path: "a/b/two.png", group: null, label: "owl", width: 20, height: 2, probability: null,
      outlier_score: 2, wrong: true, duplicate_of: null, problems: [], figures: {},
    },
  ]);
  expect((await source.rows([2]))[0]).toMatchObject({ problems: ["too dark"], figures: { dark: 0.07 }, wrong: false });
  expect((await source.collection()).columns).toEqual(["path", "group", "outlier_score"]);
  expect(source.originalUrl(2)).toBe("../my images/ab/Three.png");
  expect(source.note).toBe("This file holds 3 of 9 images.");
  expect(await source.duplicates()).toEqual({ exact: [[0, 2]], near: [], turned: [], bursts: [] });
  expect(await source.unreadable()).toHaveLength(1);
  expect((await source.reading()).assumed).toEqual(["White is 4095."]);
  const [none, picture] = await source.thumbnails([0, 1]);
  expect(none).toBe(null);
  expect(await picture!.text()).toBe("webp");
  expect(await source.searchRow(0, 5)).toEqual([{ row: 2, distance: expect.closeTo(Math.hypot(1, 0.5)) }]);
  await expect(source.edit()).rejects.toThrow("A shared page cannot change anything: that needs unpool view.");
  await expect(source.select({ from: 0 })).rejects.toThrow(Refused);
});

test("a static share counts, filters and colours by fields", async () => {
  const source = new StaticSource(shared());
  expect((await source.fields()).fields.map(({ name }) => name)).toEqual(["species", "weight"]);
  const rows = async (filter: Filter) => [...(await source.select(filter))];
  expect(await rows({ fields: [{ name: "species", any: ["cat"] }] })).toEqual([0, 2]);
  expect(await rows({ fields: [{ name: "species", any: ["dog", "owl"] }] })).toEqual([2]);
  expect(await rows({ fields: [{ name: "species", missing: true }] })).toEqual([1]);
  expect(await rows({ fields: [{ name: "weight", low: 1, high: 2 }] })).toEqual([0]);
  expect(await rows({ fields: [{ name: "weight", low: 2 }, { name: "species", any: ["cat"] }] })).toEqual([]);
  expect(await rows({ fields: [{ name: "other", any: ["cat"] }] })).toEqual([]);
  expect(await rows({ saved: "best" })).toEqual([1]);
  expect([...(await source.codes("species"))]).toEqual([0, -1, 1]);
  expect([...(await source.codes("weight"))]).toEqual([0, 1, -1]);
  expect((await source.image(2)).fields).toEqual([["species", "dog; cat"]]);
  expect((await new StaticSource({ ...shared(), fields: null }).fields()).fields).toEqual([]);
});
