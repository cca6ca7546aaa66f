import { useEffect, useRef } from "preact/hooks";
import { moved, resized, spanned, type Box } from "./regions";

const STEP = 0.02;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

const part = (share: number) => `${share * 100}%`;
const whole = (share: number) => Math.round(share * 100);

/** Over a picture: a rectangle drawn with the pointer, or moved and resized with the arrow keys. */
export function Region({ box, change }: { box: Box; change(box: Box): void }) {
  const plane = useRef<HTMLDivElement>(null);
  const rectangle = useRef<HTMLButtonElement>(null);
  const start = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const stage = plane.current?.closest<HTMLElement>(".stage-box");
    rectangle.current?.focus();
    return () => stage?.focus();
  }, []);
  const place = (event: PointerEvent) => {
    const { left, top, width, height } = (plane.current as HTMLDivElement).getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  };
  const key = (event: KeyboardEvent) => {
    const by = ARROWS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    change(event.shiftKey ? resized(box, ...by) : moved(box, ...by));
  };
  const [x0, y0, x1, y1] = box;
  const says = `left ${whole(x0)}, top ${whole(y0)}, right ${whole(x1)}, bottom ${whole(y1)} percent`;
  return (
    <div
      class="region-plane"
      ref={plane}
      data-testid="region"
      onPointerDown={(event) => {
        event.preventDefault();
        event.stopPropagation();
        plane.current?.setPointerCapture(event.pointerId);
        start.current = place(event);
      }}
      onPointerMove={(event) => start.current !== null && change(spanned(start.current, place(event)))}
      onPointerUp={() => (start.current = null)}
      onPointerCancel={() => (start.current = null)}
    >
      <button
        ref={rectangle}
        type="button"
        class="region-box"
        style={{ left: part(x0), top: part(y0), width: part(x1 - x0), height: part(y1 - y0) }}
        aria-label={`Region: ${says}. Arrow keys move it, with Shift they resize it.`}
        onKeyDown={key}
      />
    </div>
  );
}
