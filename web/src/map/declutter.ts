import type { Picture } from "./layout";

const ROUNDS = 24;

/**
 * Moves the pictures of a few images apart that overlap, such as duplicates; free ones keep their place. The direction
 * depends on the priority, so the same images always move the same way.
 */
export function declutter(all: Picture[], free: Picture[], apart: number, sizeFor: (room: number) => number): Picture[] {
  const known = new Set(free.map(({ row }) => row));
  if (all.every(({ row }) => known.has(row))) return free;
  for (let round = 0; round < ROUNDS; round++) {
    if (!pushed(all, apart)) break;
  }
  const inView = new Set(all.map(({ row }) => row));
  const pictures = [...all, ...free.filter(({ row }) => !inView.has(row))];
  for (const picture of pictures) picture.size = sizeFor(roomOf(picture, pictures));
  return pictures;
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

function roomOf(picture: Picture, pictures: Picture[]): number {
  let room = Infinity;
  for (const other of pictures) {
    if (other === picture) continue;
    room = Math.min(room, Math.max(Math.abs(other.x - picture.x), Math.abs(other.y - picture.y)));
  }
  return room;
}
