import type { Group, LabelCount, Points } from "../data/types";
import { fit, type Box, type View } from "./camera";
import { colourByGroup, colourByLabel, type Colouring } from "./colours";
import { boxAround, createGrid, type Grid } from "./grid";
import { createLayout, type Layout } from "./layout";
import { createNames, type Names } from "./names";
import type { Columns } from "./plot";

/** The data of the map and what derives from it; each part is rebuilt only when its inputs change. */
export interface Model {
  points: Points;
  grid: Grid;
  layout: Layout;
  names: Names | null;
  setData(points: Points, groups: Group[], labels: LabelCount[]): boolean; // whether a row still means the same image
  setShown(rows: Uint32Array | null): void;
  setColourBy(by: "group" | "label" | Colouring): void;
  columns(): Columns;
  colours(): string[];
  colourOf(row: number): string;
  groupOf(row: number): string;
  whole(width: number, height: number): View; // all of the map
  around(rows: Uint32Array, width: number, height: number): View | null;
  opacityIn(box: Box, area: number, pointSize: number): number;
}

const NOTHING: Points = {
  x: new Float32Array(),
  y: new Float32Array(),
  group: new Int32Array(),
  label: new Int32Array(),
  priority: new Uint32Array(),
  leaf: new Int32Array(),
};
const ALL: Box = { x0: -1, y0: -1, x1: 1, y1: 1 };
const NEIGHBOURHOOD = 6; // images across what zooming to a single one shows, were all spread evenly

export function createModel(measure: CanvasRenderingContext2D): Model {
  let groups: Group[] = [];
  let labels: LabelCount[] = [];
  let shown: Uint32Array | null = null;
  let by: "group" | "label" | Colouring = "group";
  let colouring: Colouring = { category: new Int32Array(), colours: ["#8c8c8c"] };
  let mask: Uint8Array | null = null;

  function recolour(): void {
    if (typeof by === "object" && by.category.length === model.points.x.length) colouring = by;
    else colouring = by === "label" ? colourByLabel(model.points, labels) : colourByGroup(model.points, groups);
  }

  function arrange(): void {
    mask = shown === null ? null : new Uint8Array(model.points.x.length);
    for (const row of shown ?? []) if (mask !== null && row < mask.length) mask[row] = 1;
    model.grid = createGrid(model.points, mask);
    model.layout = createLayout(model.grid);
  }

  function groupsShown(): Set<number> {
    if (shown === null) return new Set(groups.map(({ group }) => group));
    return new Set(Array.from(shown, (row) => model.points.group[row]!));
  }

  /** Grown so that a few images at one place do not fill the screen alone. */
  function roomy(box: Box, least: number): Box {
    const x = Math.max(0, least - (box.x1 - box.x0)) / 2;
    const y = Math.max(0, least - (box.y1 - box.y0)) / 2;
    return { x0: box.x0 - x, x1: box.x1 + x, y0: box.y0 - y, y1: box.y1 + y };
  }

  const grid = createGrid(NOTHING, null);
  const model: Model = {
    points: NOTHING,
    grid,
    layout: createLayout(grid),
    names: null,
    setData: (points, newGroups, newLabels) => {
      const before = model.points;
      model.points = points;
      groups = newGroups;
      labels = newLabels;
      const same = isSame(before.x, points.x) && isSame(before.y, points.y);
      if (!same || !isSame(before.priority, points.priority)) arrange();
      model.names = createNames(points, groups, measure, groupsShown());
      recolour();
      return same;
    },
    setShown: (rows) => {
      shown = rows;
      arrange();
      model.names = createNames(model.points, groups, measure, groupsShown());
    },
    setColourBy: (next) => {
      by = next;
      recolour();
    },
    columns: () => {
      const { x, y } = model.points;
      const faint = mask === null ? new Uint8Array(x.length) : mask.map((isShown) => 1 - isShown);
      return { x, y, category: colouring.category, faint };
    },
    colours: () => colouring.colours,
    colourOf: (row) => colouring.colours[colouring.category[row] ?? 0] ?? colouring.colours[0]!,
    groupOf: (row) => groups.find(({ group }) => group === model.points.group[row])?.name ?? "no group",
    whole: (width, height) => fit(roomy(boxAround(model.points, null) ?? ALL, 0.5), width, height),
    around: (rows, width, height) => {
      const box = boxAround(model.points, rows.filter((row) => row < model.points.x.length));
      const least = Math.min(0.5, NEIGHBOURHOOD / Math.sqrt(model.points.x.length));
      return box === null ? null : fit(roomy(box, least), width, height);
    },
    opacityIn: (box, area, pointSize) => {
      let points = 0;
      model.grid.runs(box, (from, to) => {
        points += to - from;
      });
      // Where points would cover the screen several times over, lighter ones still show where they are dense.
      const covered = (points * pointSize * pointSize) / area;
      return Math.round(8 * Math.max(0.25, Math.min(0.9, 0.3 / Math.sqrt(covered || 1e-9)))) / 8;
    },
  };
  return model;
}

/** NaN is the same as NaN here: an image that has no place still has none. */
function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let row = 0; row < a.length; row++) if (!Object.is(a[row], b[row])) return false;
  return true;
}
