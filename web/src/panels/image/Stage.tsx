import { useRef, useState } from "preact/hooks";
import { IconButton } from "../../app/IconButton";
import { collection, source } from "../../app/store";
import { notify } from "../../app/notifications";
import { Thumb } from "../../app/Thumb";
import { Heat } from "../inspect/Heat";
import { Region } from "./Region";
import type { Box } from "./regions";
import { useZoom, type Zoom } from "./zoom";

interface Props {
  row: number;
  name: string;
  size: { width: number; height: number };
  region: Box | null;
  changeRegion(box: Box): void;
  overlay: number; // how opaque, 0..1
  scaled: boolean; // labelled at the sizes that the segmenter learnt
  heat: number; // how opaque the heat map is, 0..1
  sized(size: { width: number; height: number }): void; // as the file turns out to be, turned upright
  zoomed(zoom: Zoom): void;
}

function Picture({ row, name, sized }: Pick<Props, "row" | "name" | "sized">) {
  const [failed, setFailed] = useState(false);
  const url = source.originalUrl(row);
  if (url === null || failed) return <Thumb row={row} />;
  return (
    <>
      <Thumb row={row} />
      <img
        class="original"
        src={url}
        alt={name}
        draggable={false}
        onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => sized({ width, height })}
        onError={() => setFailed(true)}
      />
    </>
  );
}

function Overlay({ url, opacity }: { url: string; opacity: number }) {
  const failed = () => notify("The segmentation of this image cannot be shown.", { bad: true });
  return <img class="overlay" src={url} alt="" style={{ opacity }} onError={failed} />;
}

/** The picture itself: it fits at first, and can be enlarged with the wheel, the buttons and + −, and dragged about. */
export function Stage({ row, name, size, region, changeRegion, overlay, scaled, heat, sized, zoomed }: Props) {
  const zoom = useZoom(size);
  const drag = useRef<{ x: number; y: number } | null>(null);
  zoomed(zoom);
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const { left, top } = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect() : { left: 0, top: 0 };
    zoom.by(event.deltaY < 0 ? 1.2 : 1 / 1.2, { x: event.clientX - left, y: event.clientY - top });
  };
  const move = (event: PointerEvent) => {
    if (drag.current === null || event.pointerType === "touch") return;
    zoom.box.current?.scrollBy(drag.current.x - event.clientX, drag.current.y - event.clientY);
    drag.current = { x: event.clientX, y: event.clientY };
  };
  const overlayUrl = overlay > 0 && collection.value?.has.segmenter ? source.overlayUrl(row, scaled) : null;
  return (
    <div class="stage">
      <div
        class="stage-box"
        ref={zoom.box}
        tabIndex={0}
        role="region"
        aria-label="Picture"
        onWheel={wheel}
        onPointerDown={(event) => (drag.current = { x: event.clientX, y: event.clientY })}
        onPointerMove={move}
        onPointerUp={() => (drag.current = null)}
        onPointerLeave={() => (drag.current = null)}
      >
        <div class={zoom.squares ? "frame squares" : "frame"} style={{ width: `${zoom.drawn.width}px`, height: `${zoom.drawn.height}px` }}>
          <Picture key={row} row={row} name={name} sized={sized} />
          {heat > 0 && <Heat row={row} opacity={heat} name={`Heat map of ${name}`} />}
          {overlayUrl !== null && <Overlay key={overlayUrl} url={overlayUrl} opacity={overlay} />}
          {region !== null && <Region box={region} change={changeRegion} />}
        </div>
      </div>
      <div class="stage-tools" role="toolbar" aria-label="Zoom">
        <IconButton icon="minus" name="Smaller" disabled={zoom.zoom <= 1} onClick={zoom.smaller} />
        <span class="zoom-level">{Math.round(zoom.zoom * 100)} %</span>
        <IconButton icon="plus" name="Larger" onClick={zoom.larger} />
        <IconButton icon="reset" name="Fit" onClick={zoom.fit} />
      </div>
    </div>
  );
}
