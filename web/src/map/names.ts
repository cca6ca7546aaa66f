import type { Group, Points } from "../data/types";
import { toScreen, type Place, type View } from "./camera";
import { hasPlace } from "./grid";
import type { Drawn } from "./overlay";

const MOST = 400; // groups whose names are tried
const LONGEST = 28; // letters
const FONT = '600 13px system-ui, "Segoe UI", Roboto, sans-serif';
const LINE = 18; // pixels
const FEW = 60; // pictures on the screen, up to which names stand above them: among more there is no room
const NEARBY = 160; // pixels from the middle of a group to a picture that its name may stand above
const FRAME = 6; // pixels around a picture, selected or not
const HIGHER = 24; // pixels a name may stand higher above its picture, for others beside that

interface Named {
  text: string;
  group: number;
  width: number;
  x: number; // on the map
  y: number;
}

/**
 * Names of groups over their middles, of two that would overlap that of the larger group; where pictures are few, above
 * one of the group so that they cover none.
 */
export interface Names {
  draw(context: CanvasRenderingContext2D, view: View, pictures: Drawn[], dark: boolean): void;
}

export function createNames(
  points: Points, groups: Group[], measure: CanvasRenderingContext2D, shown: Set<number>,
): Names {
  measure.font = FONT;
  const named = groups
    .filter(({ group, middle }) => group >= 0 && shown.has(group) && middle !== null && hasPlace(points, middle))
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST)
    .map(({ group, name, middle }): Named => {
      const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
      return { text, group, width: measure.measureText(text).width, x: points.x[middle!]!, y: points.y[middle!]! };
    });
  let placed: Named[] = [];
  let placedAt = 0;

  function draw(context: CanvasRenderingContext2D, view: View, pictures: Drawn[], dark: boolean): void {
    // Which names fit depends on the zoom only: none comes or goes while the map is panned.
    if (placedAt !== view.scale) placed = withoutOverlaps(named, view.scale);
    placedAt = view.scale;
    context.font = FONT;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = dark ? "rgba(12, 14, 18, 0.85)" : "rgba(255, 255, 255, 0.9)";
    context.fillStyle = dark ? "#f4f4f5" : "#18181b";
    const names = placed.map((name) => screenNameOf(name, view)).filter((name) => touches(name, view));
    if (pictures.length <= FEW) lift(names, pictures, (row) => points.group[row]!, view);
    for (const { text, x, y } of names) {
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
  }

  return { draw };
}

function withoutOverlaps(named: Named[], scale: number): Named[] {
  const placed: Named[] = [];
  for (const name of named) {
    const clear = placed.every((other) => {
      const across = Math.abs(other.x - name.x) * scale;
      return across > (other.width + name.width) / 2 + 8 || Math.abs(other.y - name.y) * scale > LINE + 2;
    });
    if (clear) placed.push(name);
  }
  return placed;
}

/** A name on the screen; `x` and `y` are its middle there. */
export interface ScreenName {
  text: string;
  group: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

function screenNameOf({ text, group, width, x, y }: Named, view: View): ScreenName {
  const [left, top] = toScreen(view, x, y);
  return { text, group, x: left, y: top, width, height: LINE };
}

function touches({ x, y, width }: ScreenName, view: View): boolean {
  return x >= -width && x <= view.width + width && y >= -LINE && y <= view.height + LINE;
}

/** Moves each name above the topmost picture of its group nearby over which it covers nothing, where there is one. */
export function lift(names: ScreenName[], pictures: Drawn[], groupOf: (row: number) => number, view: View): void {
  const framed = pictures.map((picture) => {
    return { ...picture, width: picture.width + 2 * FRAME, height: picture.height + 2 * FRAME };
  });
  for (const name of names) {
    const others = [...framed, ...names.filter((other) => other !== name)];
    const place = framed
      .filter(({ row, x, y }) => groupOf(row) === name.group && Math.hypot(x - name.x, y - name.y) < NEARBY)
      .map((picture) => clearAbove(picture, name, others, view))
      .filter((found) => found !== null)
      .sort((a, b) => a.y - b.y)[0];
    if (place !== undefined) Object.assign(name, place);
  }
}

/** Where a name covers nothing just above a picture and within the view, at whose sides it may be off the middle. */
function clearAbove(picture: Area, { width, height }: Area, others: Area[], view: View): Place | null {
  const x = Math.max(width / 2, Math.min(view.width - width / 2, picture.x));
  const lowest = picture.y - (picture.height + height) / 2;
  let y = lowest;
  for (;;) {
    if (y < height / 2 || y < lowest - HIGHER || y > view.height - height / 2) return null;
    const covered = others.find((other) => overlap({ x, y, width, height }, other));
    if (covered === undefined) break;
    y = covered.y - (covered.height + height) / 2;
  }
  return Math.abs(x - picture.x) < picture.width / 2 ? { x, y } : null;
}

interface Area extends Place {
  width: number;
  height: number;
}

/** By more than rounding: what was put just above another does not overlap it. */
function overlap(a: Area, b: Area): boolean {
  const across = (a.width + b.width) / 2 - Math.abs(a.x - b.x);
  const down = (a.height + b.height) / 2 - Math.abs(a.y - b.y);
  return across > 0.01 && down > 0.01;
}
