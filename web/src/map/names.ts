import type { Group, Points } from "../data/types";
import { toScreen, type View } from "./camera";
import { hasPlace } from "./grid";

const MOST = 400; // groups whose names are tried
const LONGEST = 28; // letters
const FONT = '600 13px system-ui, "Segoe UI", Roboto, sans-serif';
const LINE = 18; // pixels

interface Named {
  text: string;
  width: number;
  x: number; // on the map
  y: number;
}

/** Names of groups over their middles, of two that would overlap that of the larger group. */
export interface Names {
  draw(context: CanvasRenderingContext2D, view: View, dark: boolean): void;
}

export function createNames(
  points: Points, groups: Group[], measure: CanvasRenderingContext2D, shown: Set<number>,
): Names {
  measure.font = FONT;
  const named = groups
    .filter(({ group, middle }) => group >= 0 && shown.has(group) && middle !== null && hasPlace(points, middle))
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST)
    .map(({ name, middle }): Named => {
      const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
      return { text, width: measure.measureText(text).width, x: points.x[middle!]!, y: points.y[middle!]! };
    });
  let placed: Named[] = [];
  let placedAt = 0;

  function draw(context: CanvasRenderingContext2D, view: View, dark: boolean): void {
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
    for (const { text, width, x, y } of placed) {
      const [left, top] = toScreen(view, x, y);
      if (left < -width || left > view.width + width || top < -LINE || top > view.height + LINE) continue;
      context.strokeText(text, left, top);
      context.fillText(text, left, top);
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
