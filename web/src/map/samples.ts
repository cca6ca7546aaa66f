import type { Points } from "../data/types";

/** Random images in a few clusters, for tests; the same for the same seed. */
export function samplePoints(count: number, seed = 1): Points {
  const random = generator(seed);
  const points: Points = {
    x: new Float32Array(count),
    y: new Float32Array(count),
    group: new Int32Array(count),
    label: new Int32Array(count).fill(-1),
    priority: new Uint32Array(count),
    leaf: new Int32Array(count).fill(-1),
  };
  for (let row = 0; row < count; row++) {
    const group = Math.floor(random() * 5);
    points.group[row] = group;
    points.x[row] = Math.cos(group * 1.3) * 0.6 + (random() - random()) * 0.3;
    points.y[row] = Math.sin(group * 1.3) * 0.6 + (random() - random()) * 0.3;
    points.priority[row] = row;
  }
  for (let row = count - 1; row > 0; row--) {
    const other = Math.floor(random() * (row + 1));
    [points.priority[row], points.priority[other]] = [points.priority[other]!, points.priority[row]!];
  }
  return points;
}

/** Mulberry32, a small generator of numbers in 0..1. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
