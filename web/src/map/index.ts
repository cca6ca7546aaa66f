import type { Group, LabelCount, Points } from "../data/types";
import { createBitmaps } from "./bitmaps";
import { boxInView, drag, isSameView, pan, toMap, toScreen, zoom, type Place, type View } from "./camera";
import type { MapOptions, MapView } from "./contract";
import { createFrame } from "./frame";
import { createGlide } from "./glide";
import { rowAt } from "./hits";
import { listenToKeys } from "./keyboard";
import { rowsWithin } from "./lasso";
import type { Picture } from "./layout";
import { createModel } from "./model";
import { createOverlay, type Drawn } from "./overlay";
import { createPlot, hasWebGL, sizeOf } from "./plot";
import { listenToPointer } from "./pointer";
import { createSelection } from "./selection";
import { listenToTouch } from "./touch";

export type { MapOptions, MapView } from "./contract";

const SETTLED_AFTER = 80; // milliseconds without movement, after which thumbnails are requested
const FINGER = 20; // pixels from a point at which a finger still means it
const GATHERED_FOR = 60; // milliseconds in which thumbnails that arrive are drawn together

/** The map in an element; throws where the browser has no WebGL. */
export function createMap(element: HTMLElement, options: MapOptions): MapView {
  if (!hasWebGL()) throw new Error("it has no WebGL");
  const frame = createFrame(element);
  const bitmaps = createBitmaps(options.source, arrived);
  const overlay = createOverlay(frame.overlay, bitmaps);
  const model = createModel(document.createElement("canvas").getContext("2d")!);
  const selection = createSelection();
  let dark = options.dark;
  let mode: "pan" | "lasso" = "pan";
  let pictures: Picture[] = []; // of the view, whether or not they are drawn
  let drawn: Drawn[] = [];
  let withPictures = true;
  let hovered: number | null = null;
  let focused: number | null = null;
  let lasso: number[] = [];
  let home: View | null = null; // the whole map, while it has not been moved
  let painted = false;
  let opacity = 1;
  let pendingDraw: Promise<void> | null = null; // a drawing of the points that is to come
  let timer = 0;
  let refreshing = 0;
  let gathering = 0;
  let settled = 0; // counts views, so that an answer for an earlier one is known

  const plot = createPlot(frame.plot, sizeOfElement(), dark, { moved, lassoing, lassoed });
  const glide = createGlide(plot.view, plot.setView);
  const resizes = new ResizeObserver(resize);
  resizes.observe(element);
  overlay.resize(...sizeOfElement());

  function sizeOfElement(): [number, number] {
    return [Math.max(1, element.clientWidth), Math.max(1, element.clientHeight)];
  }

  let last: View | null = null;
  function moved(view: View): void {
    const isSame = last !== null && isSameView(last, view);
    last = view;
    paint(view);
    if (!isSame) settleSoon();
  }

  function paint(view: View): void {
    pictures = model.layout.pictures(view);
    drawn = overlay.draw({
      view,
      pictures: withPictures ? pictures : [],
      names: model.names,
      dark,
      colourOf: model.colourOf,
      placeOf: (row) => [model.points.x[row]!, model.points.y[row]!],
      isSelected: selection.has,
      hovered,
      focused,
      lasso,
    });
  }

  /** Draws what lies over the points again; they themselves stay as they are. */
  function refresh(): void {
    refreshing ||= requestAnimationFrame(() => {
      refreshing = 0;
      paint(plot.view());
    });
  }

  function settleSoon(): void {
    window.clearTimeout(timer);
    settled++;
    timer = window.setTimeout(settle, painted ? SETTLED_AFTER : 0);
  }

  async function settle(): Promise<void> {
    const asOf = settled;
    const view = plot.view();
    pictures = model.layout.pictures(view); // before the first drawing there is none that a frame has found
    try {
      if (withPictures) await bitmaps.want(pictures.map(({ row }) => row));
    } catch {
      return; // the next view asks again
    }
    if (asOf !== settled) return;
    paint(plot.view());
    element.dispatchEvent(new CustomEvent("unpool:pictures"));
    const clearer = model.opacityIn(boxInView(view), view.width * view.height, sizeOf(model.points.x.length));
    if (clearer !== opacity) plot.setOpacity((opacity = clearer));
  }

  function arrived(): void {
    gathering ||= window.setTimeout(() => {
      gathering = 0;
      refresh();
    }, GATHERED_FOR);
  }

  function lassoing(corners: number[]): void {
    lasso = corners;
    refresh();
  }

  function lassoed(corners: number[], added: boolean): void {
    if (corners.length < 6) return plot.select(selection.rows);
    const rows = rowsWithin(model.grid, corners);
    choose(added ? selection.with(rows) : rows, "lasso");
  }

  function choose(rows: Uint32Array, by: "lasso" | "click" | "none"): void {
    setSelection(rows);
    options.onSelect(rows, by);
  }

  function setSelection(rows: Uint32Array): void {
    selection.set(rows);
    plot.select(rows);
    refresh();
  }

  function clicked(row: number | null, added: boolean): void {
    if (row !== null) choose(added ? selection.toggled(row) : Uint32Array.of(row), "click");
    else if (!added && selection.rows.length > 0) choose(new Uint32Array(), "none");
  }

  function hover(row: number | null, at: Place | null): void {
    if (row === null && hovered === null) return;
    if (row !== hovered) refresh();
    hovered = row;
    options.onHover(row, at);
  }

  function step(by: 1 | -1): void {
    const order = [...pictures].sort((a, b) => a.priority - b.priority).filter(({ x, y }) => {
      return x >= 0 && y >= 0 && x <= element.clientWidth && y <= element.clientHeight;
    });
    if (order.length === 0) return frame.announce("No image in view.");
    const at = order.findIndex(({ row }) => row === focused);
    const next = at === -1 ? (by === 1 ? 0 : order.length - 1) : (at + by + order.length) % order.length;
    focused = order[next]!.row;
    frame.announce(`Image ${next + 1} of ${order.length} in view, in ${model.groupOf(focused)}.`);
    refresh();
  }

  function moveBy(change: (view: View) => View): void {
    glide.to(change(plot.view()));
  }

  function resize(): void {
    if (element.clientWidth === 0) return; // not displayed now
    const [width, height] = sizeOfElement();
    const before = plot.view();
    if (width === before.width && height === before.height) return;
    const atHome = home !== null && isSameView(home, before);
    plot.resize(width, height);
    overlay.resize(width, height);
    if (atHome) goHome();
    settleSoon();
  }

  function goHome(): void {
    home = model.whole(...sizeOfElement());
    plot.setView(home);
  }

  /** Several changes at a time are one drawing of the points. */
  function redraw(): Promise<void> {
    pendingDraw ??= Promise.resolve().then(async () => {
      pendingDraw = null;
      await plot.draw(model.columns(), model.colours(), selection.rows);
      settleSoon();
      refresh();
      if (painted) return;
      painted = true;
      element.dispatchEvent(new CustomEvent("unpool:painted"));
    });
    return pendingDraw;
  }

  const endKeys = listenToKeys(element, {
    pan: (dx, dy) => moveBy((view) => pan(view, dx * view.width, dy * view.height)),
    zoom: (factor) => moveBy((view) => zoom(view, factor)),
    reset: () => glide.to(model.whole(...sizeOfElement())),
    clear: () => choose(new Uint32Array(), "none"),
    step,
    open: () => {
      if (focused !== null) options.onOpen(focused);
    },
    select: (added) => {
      if (focused !== null) clicked(focused, added);
    },
  });

  const endPointer = listenToPointer(element, {
    hit: (x, y) => rowAt(x, y, plot.view(), drawn, model.grid),
    hover,
    click: clicked,
    open: options.onOpen,
    grab: glide.stop,
  });

  const underFinger = ({ x, y }: Place) => rowAt(x, y, plot.view(), drawn, model.grid, FINGER);
  const onMap = (path: Place[]) => path.flatMap(({ x, y }) => toMap(plot.view(), x, y));
  const endTouch = listenToTouch(element, {
    grab: () => {
      glide.stop();
      hover(null, null);
    },
    move: (before, after) => plot.setView(drag(plot.view(), before, after)),
    tap: (at) => clicked(underFinger(at), false),
    open: (at) => {
      const row = underFinger(at);
      if (row !== null) options.onOpen(row);
    },
    isLasso: () => mode === "lasso",
    draw: (path) => lassoing(onMap(path)),
    drawn: (path) => lassoed(onMap(path), false),
  });

  Object.defineProperty(element, "__map", {
    configurable: true,
    get: () => ({
      places: (rows: number[]) => rows.map((row) => toScreen(plot.view(), model.points.x[row]!, model.points.y[row]!)),
      pictures: () => drawn.map(({ row, x, y, size }) => ({ row, x, y, size })),
      points: model.points.x.length,
      ready: painted,
    }),
  });

  return {
    setData: (points: Points, groups: Group[], labels: LabelCount[]) => {
      if (!model.setData(points, groups, labels)) bitmaps.clear();
      frame.describe(points.x.length);
      hovered = null;
      if (focused !== null && focused >= points.x.length) focused = null;
      selection.set(selection.rows.filter((row) => row < points.x.length));
      if (home === null) goHome();
      settleSoon();
      return redraw();
    },
    setSelection,
    setShown: (rows) => {
      model.setShown(rows);
      if (home !== null) void redraw();
    },
    setColourBy: (by) => {
      model.setColourBy(by);
      if (home !== null) void redraw();
    },
    setDark: (nowDark) => {
      dark = nowDark;
      plot.setDark(dark);
      refresh();
    },
    setMode: (next) => {
      mode = next;
      plot.setMode(mode);
    },
    showPictures: (show) => {
      withPictures = show;
      refresh();
      settleSoon();
    },
    zoomTo: (rows) => {
      const view = model.around(rows, ...sizeOfElement());
      if (view !== null) glide.to(view);
    },
    reset: () => glide.to(model.whole(...sizeOfElement())),
    destroy: () => {
      glide.stop();
      resizes.disconnect();
      endKeys();
      endPointer();
      endTouch();
      window.clearTimeout(timer);
      window.clearTimeout(gathering);
      cancelAnimationFrame(refreshing);
      bitmaps.clear();
      plot.destroy();
      frame.remove();
    },
  };
}
