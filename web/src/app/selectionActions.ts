import { selected, selection } from "./store";

export function select(rows: Iterable<number>): void {
  selection.value = Uint32Array.from(rows);
}

export function clear(): void {
  selection.value = new Uint32Array();
}

export function toggle(row: number): void {
  const was = selected.value[row] === 1;
  select(was ? selection.value.filter((other) => other !== row) : [...selection.value, row]);
}

export function add(rows: Iterable<number>): void {
  select(new Set([...selection.value, ...rows]));
}

export function remove(rows: Iterable<number>): void {
  const gone = new Set(rows);
  select(selection.value.filter((row) => !gone.has(row)));
}

/** The rows from one place of a list to another, in the list's order. */
export function between(list: ArrayLike<number>, from: number, to: number): number[] {
  const [first, last] = from < to ? [from, to] : [to, from];
  return Array.from({ length: last - first + 1 }, (_, place) => list[first + place] as number);
}
