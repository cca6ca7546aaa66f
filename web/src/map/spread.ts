import type { Picture } from "./layout";

const ROUNDS = 24;

/**
 * Moves the pictures of a few images apart that lie on one another, such as duplicates. Those that are free already
 * keep their place and size; which way one moves depends on its priority, so the same images come to lie the same way.
 */
export function spread(all: Picture[], free: Picture[], apart: number): Picture[] {
  const kept = new Map(free.map((picture) => [picture.row, picture]));
  if (all.every(({ row }) => kept.has(row))) return free;
  for (let round = 0; round < ROUNDS; round++) {
    if (!pushed(all, apart)) break;
  }
  for (const picture of all) {
    const roomy = kept.get(picture.row);
    if (roomy !== undefined && isAlone(picture, all, roomy.size)) Object.assign(picture, { size: roomy.size });
  }
  const inView = new Set(all.map(({ row }) => row));
  return [...all, ...free.filter(({ row }) => !inView.has(row))];
}

/** Moves every two that overlap half of the way each; whether there were any. */
function pushed(pictures: Picture[], apart: number): boolean {
  let any = false;
  for (let i = 0; i < pictures.length; i++) {
    for (let j = i + 1; j < pictures.length; j++) {
      const a = pictures[i]!;
      const b = pictures[j]!;
      const dx = b.x - a.x;
      const dy = b.y - a.y;
      const missing = apart - Math.max(Math.abs(dx), Math.abs(dy));
      if (missing <= 0.5) continue;
      any = true;
      // Images at one place are sent around it by the golden angle.
      const angle = Math.abs(dx) + Math.abs(dy) < 0.01 ? j * 2.4 : Math.atan2(dy, dx);
      const x = (Math.cos(angle) * missing) / 2;
      const y = (Math.sin(angle) * missing) / 2;
      a.x -= x;
      a.y -= y;
      b.x += x;
      b.y += y;
    }
  }
  return any;
}

function isAlone(picture: Picture, all: Picture[], size: number): boolean {
  if (picture.x !== picture.pointX || picture.y !== picture.pointY) return false;
  return all.every((other) => {
    if (other === picture) return true;
    return Math.max(Math.abs(other.x - picture.x), Math.abs(other.y - picture.y)) >= (size + other.size) / 2;
  });
}
