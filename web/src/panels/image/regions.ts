/** x0 y0 x1 y1 in 0..1, the left and upper edges first. */
export type Box = [number, number, number, number];

export const MIDDLE: Box = [0.3, 0.3, 0.7, 0.7];
const MIN_SIDE = 0.01; // of the picture's

const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

export function spanned(from: { x: number; y: number }, to: { x: number; y: number }): Box {
  const [x0, x1] = from.x < to.x ? [from.x, to.x] : [to.x, from.x];
  const [y0, y1] = from.y < to.y ? [from.y, to.y] : [to.y, from.y];
  const left = within(x0, 0, 1 - MIN_SIDE);
  const top = within(y0, 0, 1 - MIN_SIDE);
  return [left, top, within(x1, left + MIN_SIDE, 1), within(y1, top + MIN_SIDE, 1)];
}

export function moved([x0, y0, x1, y1]: Box, dx: number, dy: number): Box {
  const x = within(dx, -x0, 1 - x1);
  const y = within(dy, -y0, 1 - y1);
  return [x0 + x, y0 + y, x1 + x, y1 + y];
}

/** The upper left corner stays. */
export function resized([x0, y0, x1, y1]: Box, dx: number, dy: number): Box {
  return [x0, y0, within(x1 + dx, x0 + MIN_SIDE, 1), within(y1 + dy, y0 + MIN_SIDE, 1)];
}
