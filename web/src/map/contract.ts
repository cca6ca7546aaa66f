import type { Source } from "../data/source";
import type { Group, LabelCount, Points } from "../data/types";
import type { Colouring } from "./colours";

/** Options of `createMap`. */
export interface MapOptions {
  source: Pick<Source, "thumbnails">;
  dark: boolean;
  onHover(row: number | null, at: { x: number; y: number } | null): void; // in CSS pixels of the map's element
  onOpen(row: number): void; // double click, Enter on the focused point
  onSelect(rows: Uint32Array, by: "lasso" | "click" | "none"): void;
}

/** The map: points by regl-scatterplot, real thumbnails over them, names of groups over those. */
export interface MapView {
  setData(points: Points, groups: Group[], labels: LabelCount[]): Promise<void>; // also after an edit; keeps the camera
  setSelection(rows: Uint32Array): void; // outlined; does not call onSelect
  setShown(rows: Uint32Array | null): void; // the rest is drawn faintly, without pictures; null: all
  setColourBy(by: "group" | "label" | Colouring): void;
  setDark(dark: boolean): void;
  setMode(mode: "pan" | "lasso"): void;
  showPictures(show: boolean): void;
  zoomTo(rows: Uint32Array): void; // fits these into the view
  reset(): void; // the whole map
  destroy(): void;
}
