import type { Bitmaps } from "./bitmaps";
import { toScreen, type View } from "./camera";
import type { Picture } from "./layout";
import type { Names } from "./names";

/** What is drawn over the points. */
export interface Scene {
  view: View;
  pictures: Picture[]; // the highest priority first
  names: Names | null;
  dark: boolean;
  colourOf(row: number): string;
  placeOf(row: number): [number, number]; // on the map
  isSelected(row: number): boolean;
  hovered: number | null;
  focused: number | null;
  lasso: number[]; // x and y of its corners, alternating, on the map
}

/** A picture as it has been drawn, with the sides of its thumbnail within its square. */
export interface Drawn extends Picture {
  width: number;
  height: number;
}

/** A canvas over the points, in step with the screen's pixels, that lets the mouse through. */
export interface Overlay {
  resize(width: number, height: number): void;
  draw(scene: Scene): Drawn[]; // those whose thumbnails are here
}

export function createOverlay(canvas: HTMLCanvasElement, bitmaps: Bitmaps): Overlay {
  const context = canvas.getContext("2d")!;

  function resize(width: number, height: number): void {
    canvas.width = Math.round(width * window.devicePixelRatio);
    canvas.height = Math.round(height * window.devicePixelRatio);
  }

  function draw(scene: Scene): Drawn[] {
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, scene.view.width, scene.view.height);
    const drawn: Drawn[] = [];
    for (let place = scene.pictures.length - 1; place >= 0; place--) {
      const picture = scene.pictures[place]!;
      const bitmap = bitmaps.get(picture.row);
      if (!bitmap) continue;
      drawn.push(drawPicture(context, bitmap, picture, scene));
    }
    scene.names?.draw(context, scene.view, drawn, scene.dark);
    for (const row of [scene.hovered, scene.focused]) {
      if (row !== null) drawRing(context, row, drawn, scene, row === scene.focused);
    }
    drawLasso(context, scene);
    return drawn.reverse();
  }

  return { resize, draw };
}

function drawPicture(context: CanvasRenderingContext2D, bitmap: ImageBitmap, picture: Picture, scene: Scene): Drawn {
  const frame = picture.size < 48 ? 1.5 : 2.5;
  const shrink = (picture.size - 2 * frame) / Math.max(bitmap.width, bitmap.height);
  const width = bitmap.width * shrink;
  const height = bitmap.height * shrink;
  const left = snapped(picture.x - width / 2);
  const top = snapped(picture.y - height / 2);
  const colour = scene.colourOf(picture.row);
  if (Math.hypot(picture.pointX - picture.x, picture.pointY - picture.y) > 2) {
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(picture.pointX, picture.pointY);
    context.lineTo(picture.x, picture.y);
    context.stroke();
  }
  if (scene.isSelected(picture.row)) {
    fillAround(context, left, top, width, height, frame + 3, accent(scene.dark));
    fillAround(context, left, top, width, height, frame + 1, scene.dark ? "#000000" : "#ffffff");
  }
  fillAround(context, left, top, width, height, frame, colour);
  context.drawImage(bitmap, left, top, width, height);
  return { ...picture, width, height };
}

function drawRing(
  context: CanvasRenderingContext2D, row: number, drawn: Drawn[], scene: Scene, strong: boolean,
): void {
  const picture = drawn.find((other) => other.row === row);
  const [pointX, pointY] = toScreen(scene.view, ...scene.placeOf(row));
  const across = picture === undefined ? 8 : picture.width / 2 + 5;
  const down = picture === undefined ? 8 : picture.height / 2 + 5;
  const x = picture?.x ?? pointX;
  const y = picture?.y ?? pointY;
  // Two colours, so that the ring is seen on any picture.
  const outer = { width: strong ? 6 : 4, colour: scene.dark ? "#000000" : "#ffffff" };
  const inner = { width: outer.width / 2, colour: accent(scene.dark) };
  for (const { width, colour } of [outer, inner]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.roundRect(x - across, y - down, 2 * across, 2 * down, picture === undefined ? across : 4);
    context.stroke();
  }
}

/** Over the pictures, which hide that of regl-scatterplot. */
function drawLasso(context: CanvasRenderingContext2D, { lasso, view, dark }: Scene): void {
  if (lasso.length < 4) return;
  context.beginPath();
  for (let at = 0; at < lasso.length; at += 2) context.lineTo(...toScreen(view, lasso[at]!, lasso[at + 1]!));
  context.closePath();
  context.globalAlpha = 0.15;
  context.fillStyle = accent(dark);
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.lineWidth = 2;
  context.strokeStyle = accent(dark);
  context.stroke();
}

function fillAround(
  context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, by: number, colour: string,
): void {
  context.fillStyle = colour;
  context.fillRect(x - by, y - by, width + 2 * by, height + 2 * by);
}

function accent(dark: boolean): string {
  return dark ? "#8ab4ff" : "#1d4ed8";
}

function snapped(place: number): number {
  return Math.round(place * window.devicePixelRatio) / window.devicePixelRatio;
}
