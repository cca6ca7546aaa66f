import createScatterplot, { createSpatialIndex } from "regl-scatterplot";
import { matrixOf, SCALES, viewOf, type View } from "./camera";
import { allowCompiling } from "./compile";
import { createAdaptiveRenderer } from "./adaptiveRenderer";

/** The columns regl-scatterplot draws; `faint` is 1 for points drawn faintly. */
export interface Columns {
  x: Float32Array;
  y: Float32Array;
  category: Int32Array;
  faint: Uint8Array;
}

export interface PlotEvents {
  moved(view: View): void; // in the frame in which the points are drawn there
  lassoing(corners: number[]): void; // what has been drawn of it so far
  lassoed(corners: number[], added: boolean): void; // x and y of its corners, alternating, on the map
}

/** regl-scatterplot, which draws the points, moves the camera by mouse and wheel, and draws the lasso. */
export interface Plot {
  view(): View;
  setView(view: View): void;
  draw(columns: Columns, colours: string[], selected: Uint32Array): Promise<void>;
  select(rows: Uint32Array): void;
  setOpacity(opacity: number): void;
  setDark(dark: boolean): void;
  setMode(mode: "pan" | "lasso"): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

const FAINT = 0.07; // opacity of points that are not shown
const AWAY = 1e6; // where points without a place are put: out of every view

export function createPlot(canvas: HTMLCanvasElement, size: [number, number], dark: boolean, events: PlotEvents): Plot {
  allowCompiling();
  const pixels = [...size];
  const renderer = createAdaptiveRenderer(() => view(), () => scatter.redraw());
  renderer.resize(pixels[0]!, pixels[1]!);
  const scatter = createScatterplot({
    canvas,
    renderer,
    width: pixels[0]!,
    height: pixels[1]!,
    syncEvents: true,
    colorBy: "valueA",
    opacityBy: "valueB",
    opacity: [1, FAINT],
    opacityInactiveScale: 0.4,
    pointSizeSelected: 1,
    pointOutlineWidth: 1,
    backgroundColor: backgroundOf(dark),
    lassoColor: lassoColourOf(dark),
    deselectOnDblClick: false,
    deselectOnEscape: false,
    // Of the library's own modifier keys only that of the lasso: rotated pictures would be of no use.
    ...({ actionKeyMap: { lasso: "shift" } } as object),
  });
  scatter.get("camera").setScaleBounds(SCALES);

  let ready: Promise<void> = Promise.resolve();
  let drawn = false;
  let destroyed = false;
  let shift = false;
  const noteShift = (event: MouseEvent) => {
    shift = event.shiftKey;
  };
  window.addEventListener("mouseup", noteShift, true);

  const view = () => viewOf(scatter.get("camera").view, pixels[0]!, pixels[1]!);
  scatter.subscribe("drawing", () => events.moved(view()));
  scatter.subscribe("lassoExtend", ({ coordinates }) => events.lassoing(cornersOf(coordinates)));
  scatter.subscribe("lassoEnd", ({ coordinates }) => {
    events.lassoed(cornersOf(coordinates), shift && scatter.get("mouseMode") === "lasso");
  });

  function select(rows: Uint32Array): void {
    if (!drawn) return;
    scatter.deselect({ preventEvent: true });
    if (rows.length > 0) scatter.select(Array.from(rows), { preventEvent: true });
    scatter.redraw();
  }

  async function drawNow({ x, y, category, faint }: Columns, colours: string[], selected: Uint32Array): Promise<void> {
    if (destroyed) return;
    scatter.set({ pointColor: colours.length > 1 ? colours : [...colours, ...colours], pointSize: sizeOf(x.length) });
    const away = (places: Float32Array, others: Float32Array) =>
      places.map((place, row) => (Number.isFinite(place) && Number.isFinite(others[row]) ? place : AWAY));
    await scatter.draw(
      { x: away(x, y), y: away(y, x), valueA: category, valueB: faint },
      // Which images lie under the mouse or in the lasso is found elsewhere; building the library's own index of a
      // million points would take seconds.
      { zDataType: "categorical", wDataType: "categorical", spatialIndex: await createSpatialIndex([], false) },
    );
    if (destroyed) return;
    drawn = true;
    select(selected);
  }

  return {
    view,
    setView: (next) => {
      if (!destroyed) scatter.view(matrixOf(next));
    },
    draw: (columns, colours, selected) => {
      // One that failed must not keep the next from being drawn.
      ready = ready.catch(() => undefined).then(() => drawNow(columns, colours, selected));
      return ready;
    },
    select,
    setOpacity: (opacity) => {
      scatter.set({ opacity: [opacity, Math.min(FAINT, opacity)] });
    },
    setDark: (nowDark) => {
      scatter.set({ backgroundColor: backgroundOf(nowDark), lassoColor: lassoColourOf(nowDark) });
    },
    setMode: (mode) => {
      scatter.set({ mouseMode: mode === "lasso" ? "lasso" : "panZoom" });
    },
    resize: (width, height) => {
      pixels[0] = width;
      pixels[1] = height;
      renderer.resize(width, height);
      scatter.set({ width, height });
    },
    destroy: () => {
      destroyed = true;
      window.removeEventListener("mouseup", noteShift, true);
      scatter.destroy();
      renderer.destroy();
    },
  };
}

export function hasWebGL(): boolean {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext(); // a page may hold a few contexts only
  return context !== null;
}

/** Fewer points are drawn larger. */
export function sizeOf(points: number): number {
  return Math.max(1.5, Math.min(8, 42 / points ** 0.25));
}

/** The library's types name them flat, but they come as pairs. */
function cornersOf(coordinates: unknown): number[] {
  return (coordinates as [number, number][]).flat();
}

function backgroundOf(dark: boolean): string {
  return dark ? "#15171c" : "#ffffff";
}

function lassoColourOf(dark: boolean): string {
  return dark ? "#8ab4ff" : "#1d4ed8";
}
