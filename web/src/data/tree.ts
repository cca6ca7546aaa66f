import type { Group, Points, Tree } from "./types";

/**
 * The group of each image on another level. Groups made by hand since keep their images and are numbered after the
 * others.
 */
export function groupsOnLevel(tree: Tree, level: number, { leaf, group }: Points): Int32Array {
  const numbers = tree.levels.find(({ groups }) => groups === level)?.numbers ?? [];
  const moved = new Int32Array(group.length);
  for (let row = 0; row < moved.length; row++) {
    const now = group[row]!;
    moved[row] = numbers[leaf[row]!] ?? (now < 0 ? now : now - tree.level + level);
  }
  return moved;
}

/** Groups by number, with their sizes and the images amid them; names and inks follow with the server's answer. */
export function describeGroups({ x, y, group }: Points, colours: string[], none: Group | undefined): Group[] {
  let last = -1;
  for (const number of group) if (number > last) last = number;
  const [size, placed, across, up] = Array.from({ length: 4 }, () => new Float64Array(last + 1));
  for (let row = 0; row < group.length; row++) {
    const number = group[row]!;
    if (number < 0) continue;
    size![number]!++;
    if (Number.isNaN(x[row]!)) continue;
    placed![number]!++;
    across![number]! += x[row]!;
    up![number]! += y[row]!;
  }
  const middle = new Int32Array(last + 1).fill(-1);
  const nearest = new Float64Array(last + 1).fill(Infinity);
  for (let row = 0; row < group.length; row++) {
    const number = group[row]!;
    if (number < 0) continue;
    const [dx, dy] = [x[row]! - across![number]! / placed![number]!, y[row]! - up![number]! / placed![number]!];
    const distance = dx * dx + dy * dy; // NaN, which is less than nothing, off the map
    if (distance < nearest[number]!) {
      nearest[number] = distance;
      middle[number] = row;
    }
  }
  const described: Group[] = Array.from(size!, (count, number) => ({
    group: number,
    name: `group ${number}`,
    colour: colours[number % colours.length]!,
    ink: "#000000",
    count,
    middle: middle[number]! < 0 ? null : middle[number]!,
  }));
  const alone = group.length - size!.reduce((sum, count) => sum + count, 0);
  const left = none === undefined || alone === 0 ? [] : [{ ...none, count: alone }];
  return [...described.filter(({ count }) => count > 0), ...left];
}
