import type { Points } from "./types";

/** Read the places of all images from the bytes of `/api/points`, without copying them. */
export function readPoints(bytes: ArrayBuffer): Points {
  const count = new DataView(bytes).getUint32(0, true);
  const column = (place: number) => 4 + 4 * count * place;
  return {
    x: new Float32Array(bytes, column(0), count),
    y: new Float32Array(bytes, column(1), count),
    group: new Int32Array(bytes, column(2), count),
    label: new Int32Array(bytes, column(3), count),
    priority: new Uint32Array(bytes, column(4), count),
    leaf: new Int32Array(bytes, column(5), count),
  };
}

/** Read the thumbnails in an answer of `/api/thumbnails`, null where an image has none. */
export function readThumbnails(bytes: ArrayBuffer): (Blob | null)[] {
  const view = new DataView(bytes);
  const count = view.getUint32(0, true);
  let start = 4 + 4 * count;
  return Array.from({ length: count }, (_, place) => {
    const length = view.getUint32(4 + 4 * place, true);
    const picture = length ? new Blob([new Uint8Array(bytes, start, length)], { type: "image/webp" }) : null;
    start += length;
    return picture;
  });
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  return bytes;
}
