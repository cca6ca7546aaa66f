import { signal } from "@preact/signals";
import type { MapView } from "../map/contract";

/** The image under the pointer, in pixels of the map, and how wide and high that is. */
export interface Hovered {
  row: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** State of the map view; `MapPane.tsx` creates the map and passes it on. */

export const mapMode = signal<"pan" | "lasso">("pan");
export const picturesShown = signal(true);
export const colourBy = signal<"group" | "label" | { field: string }>("group");
export const map = signal<MapView | null>(null);
export const mapTrouble = signal<string | null>(null);
export const hovered = signal<Hovered | null>(null);
