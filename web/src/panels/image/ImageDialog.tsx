import { useEffect, useRef, useState } from "preact/hooks";
import { attempt } from "../../app/edits";
import { fileName } from "../../app/format";
import { heat, judge, type Verdict } from "../../app/inspection";
import { IconButton } from "../../app/IconButton";
import { Modal } from "../../app/Modal";
import { collection, opened, source, type Opened } from "../../app/store";
import type { ImageFacts } from "../../data/types";
import { ImageSide } from "./ImageSide";
import { MIDDLE, type Box } from "./regions";
import { Stage } from "./Stage";
import type { Zoom } from "./zoom";

const close = () => {
  opened.value = null;
};

/** The facts of an image; those of the previous one stay until they are loaded. */
function useFacts(row: number): ImageFacts | null {
  const [facts, setFacts] = useState<ImageFacts | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void attempt(async () => {
      const next = await source.image(row);
      if (isCurrent) setFacts(next);
    });
    return () => {
      isCurrent = false;
    };
  }, [row, collection.value]);
  return facts;
}

const BY_KEY: Record<string, Verdict> = { g: "good", b: "not good" };

const typing = (target: EventTarget | null) => target instanceof HTMLElement && target.matches("input, select, textarea");

function Leaf({ list, place, go }: { list: ArrayLike<number>; place: number; go(by: number): void }) {
  return (
    <span class="leaf">
      <IconButton icon="left" name="Previous image" disabled={place <= 0} testid="previous" onClick={() => go(-1)} />
      <span class="muted">{place < 0 ? "–" : `${(place + 1).toLocaleString("en")} of ${list.length.toLocaleString("en")}`}</span>
      <IconButton
        icon="right"
        name="Next image"
        disabled={place + 1 >= list.length}
        testid="next"
        onClick={() => go(1)}
      />
    </span>
  );
}

function Open({ row, list }: Opened) {
  const facts = useFacts(row);
  const [size, setSize] = useState({ width: 1, height: 1 });
  const [region, setRegion] = useState<Box | null>(null);
  const [overlay, setOverlay] = useState(0);
  const [scaled, setScaled] = useState(false);
  const isScaled = scaled && facts?.row === row && facts.scale_note !== null;
  const zoom = useRef<Zoom | null>(null);
  const place = Array.prototype.indexOf.call(list, row);
  useEffect(() => {
    if (facts?.row === row && facts.width && facts.height) setSize({ width: facts.width, height: facts.height });
  }, [facts?.row === row]);

  useEffect(() => {
    setRegion(null);
    zoom.current?.fit();
  }, [row]);

  const go = (by: number) => {
    const next = list[place + by];
    if (next === undefined) return;
    opened.value = { row: next, list };
  };
  const inspected = source.editable && collection.value?.inspection != null;
  const after = (done: Promise<boolean>) => void done.then((succeeded) => succeeded && opened.value?.row === row && go(1));
  const key = (event: KeyboardEvent) => {
    if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
    else if (event.key === "+" || event.key === "=") zoom.current?.larger();
    else if (event.key === "-") zoom.current?.smaller();
    else if (event.key === "0") zoom.current?.fit();
    else if (inspected && event.key === "h") heat.value = heat.value > 0 ? 0 : 1;
    else if (inspected && event.key in BY_KEY && !event.repeat) after(judge([row], BY_KEY[event.key] as Verdict));
    else return;
    event.preventDefault();
  };
  // On the document: a button that has just been disabled has lost the focus to it.
  useEffect(() => {
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  });
  return (
    <Modal
      title={facts?.row === row ? fileName(facts.path) : "Image"}
      close={close}
      class="image-dialog"
      testid="dialog"
      tools={<Leaf list={list} place={place} go={go} />}
    >
      <div class="image-body" data-row={row}>
        <Stage
          row={row}
          name={facts?.row === row ? fileName(facts.path) : "image"}
          size={size}
          region={region}
          changeRegion={setRegion}
          overlay={overlay}
          scaled={isScaled}
          heat={inspected ? heat.value : 0}
          sized={setSize}
          zoomed={(now) => (zoom.current = now)}
        />
        {facts !== null && (
          <ImageSide
            facts={facts}
            stale={facts.row !== row}
            region={region}
            setRegion={setRegion}
            startRegion={() => setRegion(MIDDLE)}
            overlay={overlay}
            setOverlay={setOverlay}
            scaled={scaled}
            setScaled={setScaled}
            judged={after}
          />
        )}
      </div>
    </Modal>
  );
}

export function ImageDialog() {
  return opened.value && <Open {...opened.value} />;
}
