/** The rows selected; a set of them as well, since every picture drawn asks. */
export interface Selection {
  rows: Uint32Array;
  has(row: number): boolean;
  set(rows: Uint32Array): void;
  with(rows: Uint32Array): Uint32Array; // these as well
  toggled(row: number): Uint32Array;
}

export function createSelection(): Selection {
  let held = new Set<number>();
  const selection: Selection = {
    rows: new Uint32Array(),
    has: (row) => held.has(row),
    set: (rows) => {
      held = new Set(rows);
      selection.rows = rows;
    },
    with: (rows) => Uint32Array.from(new Set([...held, ...rows])),
    toggled: (row) => {
      return held.has(row) ? selection.rows.filter((other) => other !== row) : Uint32Array.from([...held, row]);
    },
  };
  return selection;
}
