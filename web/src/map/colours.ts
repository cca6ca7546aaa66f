import type { Group, LabelCount, Points } from "../data/types";

const NONE = "#8c8c8c";

export interface Colouring {
  category: Int32Array; // one a row: a place in `colours`
  colours: string[];
}

/** By the place of each image's value among these, -1 for none. */
export function colourByCode(code: Int32Array, colours: string[]): Colouring {
  return { category: code.map((place) => (place < colours.length ? place + 1 : 0)), colours: [NONE, ...colours] };
}

export function colourByGroup(points: Points, groups: Group[]): Colouring {
  const place = new Map(groups.map(({ group }, at) => [group, at + 1]));
  const colours = [NONE, ...groups.map(({ colour }) => colour)];
  return { category: points.group.map((group) => place.get(group) ?? 0), colours };
}

/** Labels have colours of their own, which the server chooses apart from those of groups. */
export function colourByLabel(points: Points, labels: LabelCount[]): Colouring {
  const colours = [NONE, ...labels.map(({ colour }) => colour)];
  return { category: points.label.map((label) => Math.max(0, label + 1)), colours };
}
