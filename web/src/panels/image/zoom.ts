import { useLayoutEffect, useRef, useState } from "preact/hooks";

const MAX_ZOOM = 16;
const STEP = 1.4;
const SQUARES = 4; // times its size: from there on its pixels are shown as they are
const LARGER = 8; // times its size, at most, that a picture is drawn so that it fits,
const FULL = 420; // unless it is smaller than this, in pixels, even then
const EDGE = 4; // pixels left free, so that a picture that fits needs no scroll bars

interface Size {
  width: number;
  height: number;
}

/** A picture in a box that scrolls: how large it is drawn, larger or smaller about a point of the box. */
export function useZoom(natural: Size) {
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Size>({ width: 0, height: 0 });
  const [zoom, setZoom] = useState(1); // 1 fits the picture into the box
  const keep = useRef<{ x: number; y: number; left: number; top: number } | null>(null);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    const sizes = new ResizeObserver(() => zoom === 1 && measure());
    sizes.observe(element);
    measure();
    return () => sizes.disconnect();
  }, [zoom === 1]);

  const fit = Math.min((room.width - EDGE) / natural.width, (room.height - EDGE) / natural.height);
  // A small picture is drawn larger, but not so large that it is all squares.
  const most = Math.max(LARGER, FULL / Math.max(natural.width, natural.height));
  const scale = Math.max(0.001, Math.min(fit, most)) * zoom;
  const drawn = { width: natural.width * scale, height: natural.height * scale };

  const by = (factor: number, at?: { x: number; y: number }) => {
    const element = box.current;
    if (element === null) return;
    const next = Math.min(MAX_ZOOM, Math.max(1, zoom * factor));
    const { x, y } = at ?? { x: element.clientWidth / 2, y: element.clientHeight / 2 };
    keep.current = { x, y, left: (element.scrollLeft + x) / zoom, top: (element.scrollTop + y) / zoom };
    setZoom(next);
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || keep.current === null) return;
    const { x, y, left, top } = keep.current;
    element.scrollTo(left * zoom - x, top * zoom - y);
    keep.current = null;
  }, [zoom]);
  return { box, drawn, zoom, squares: scale >= SQUARES, larger: () => by(STEP), smaller: () => by(1 / STEP), fit: () => setZoom(1), by };
}

export type Zoom = ReturnType<typeof useZoom>;
