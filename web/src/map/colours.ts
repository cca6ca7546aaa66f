import type { Group, Points } from "../data/types";

const NONE = "#8c8c8c";

// Okabe and Ito's colours, which people with any colour vision tell apart; without black, which vanishes on dark.
const OKABE_ITO = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];

export interface Colouring {
  category: Int32Array; // one a row: a place in `colours`
  colours: string[];
}

export function colourByGroup(points: Points, groups: Group[]): Colouring {
  const place = new Map(groups.map(({ group }, at) => [group, at + 1]));
  const colours = [NONE, ...groups.map(({ colour }) => colour)];
  return { category: points.group.map((group) => place.get(group) ?? 0), colours };
}

/** Labels beyond the seventh take the same colours again, lighter or darker. */
export function colourByLabel(points: Points): Colouring {
  let labels = 0;
  for (const label of points.label) labels = Math.max(labels, label + 1);
  const colours = [NONE, ...Array.from({ length: labels }, (_, label) => colourOfLabel(label))];
  return { category: points.label.map((label) => Math.max(0, label + 1)), colours };
}

export function colourOfLabel(label: number): string {
  const base = OKABE_ITO[label % OKABE_ITO.length]!;
  const turn = Math.floor(label / OKABE_ITO.length) % 4;
  if (turn === 0) return base;
  return mixed(base, turn === 2 ? 0 : 255, turn === 3 ? 0.65 : 0.4);
}

function mixed(colour: string, towards: number, share: number): string {
  const parts = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16);
    return Math.round(part + (towards - part) * share).toString(16).padStart(2, "0");
  });
  return `#${parts.join("")}`;
}
