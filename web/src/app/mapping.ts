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

/** How the map is looked at; the map itself is made and told in `MapPane.tsx`. */

export const mapMode = signal<"pan" | "lasso">("pan");
export const picturesShown = signal(true);
export const colourBy = signal<"group" | "label">("group");
export const map = signal<MapView | null>(null);
export const mapTrouble = signal<string | null>(null);
export const hovered = signal<Hovered | null>(null);
