import { edit } from "../../app/edits";
import { findSimilar } from "../../app/search";
import { Icon } from "../../app/Icon";
import { toggle } from "../../app/selectionActions";
import { collection, selected, source } from "../../app/store";
import type { ImageFacts } from "../../data/types";
import { ImageVerdictSide } from "../inspect/ImageVerdict";
import { LabelForm } from "../LabelForm";
import { Facts } from "./Facts";
import { Mirror } from "./Mirror";
import { Nearest } from "./Nearest";
import { RegionForm } from "./RegionForm";
import type { Box } from "./regions";

interface Props {
  facts: ImageFacts;
  stale: boolean; // facts of the image before
  region: Box | null;
  setRegion(box: Box | null): void;
  startRegion(): void;
  overlay: number;
  setOverlay(share: number): void;
  scaled: boolean;
  setScaled(scaled: boolean): void;
  judged(done: Promise<boolean>): void; // somebody said whether the image is good
}

function Actions({ facts, startRegion }: Pick<Props, "facts" | "startRegion">) {
  const { row, wrong } = facts;
  const picked = selected.value[row] === 1;
  return (
    <div class="actions">
      <button type="button" class="button" aria-pressed={picked} data-testid="image-select" onClick={() => toggle(row)}>
        {picked ? "Deselect" : "Select"}
      </button>
      {source.editable && (
        <>
          <button
            type="button"
            class="button"
            data-testid="image-wrong"
            onClick={() => void edit({ action: "mark", rows: [row], wrong: !wrong })}
          >
            {wrong ? "Not wrong" : "Mark as wrong"}
          </button>
          <button type="button" class="button" data-testid="image-similar" onClick={() => void findSimilar(row)}>
            <Icon name="search" /> More like this
          </button>
          {collection.value?.has.model && (
            <button type="button" class="button" data-testid="region-start" onClick={startRegion}>
              Search a region
            </button>
          )}
        </>
      )}
    </div>
  );
}

type OverlayProps = Pick<Props, "overlay" | "setOverlay" | "scaled" | "setScaled"> & { note: string | null };

function OverlayForm({ overlay, setOverlay, scaled, setScaled, note }: OverlayProps) {
  return (
    <>
      <label class="field inline">
        Segmentation overlay
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={overlay}
          data-testid="overlay"
          aria-valuetext={`${Math.round(overlay * 100)} percent opaque`}
          onInput={(event) => setOverlay(Number(event.currentTarget.value))}
        />
      </label>
      {overlay > 0 && note !== null && (
        <>
          <p class="muted" data-testid="scale-note">
            {scaled ? "Brought to the size learnt: " : "It may be wrong: "}
            {note}.
          </p>
          <label class="check">
            <input
              type="checkbox"
              checked={scaled}
              data-testid="overlay-scaled"
              onChange={(event) => setScaled(event.currentTarget.checked)}
            />
            Label it at the size learnt (the same things, larger or smaller)
          </label>
        </>
      )}
    </>
  );
}

export function ImageSide(props: Props) {
  const { facts, stale, region, setRegion, startRegion } = props;
  const { row, path, label } = facts;
  const has = collection.value?.has;
  return (
    <div class={stale ? "image-side stale" : "image-side"} aria-busy={stale} inert={stale} tabIndex={0} role="region" aria-label="About the image">
      {region === null ? (
        <Actions facts={facts} startRegion={startRegion} />
      ) : (
        <RegionForm row={row} path={path} box={region} change={setRegion} end={() => setRegion(null)} />
      )}
      {source.editable && collection.value?.inspection != null && <ImageVerdictSide row={row} judged={props.judged} />}
      {source.editable ? (
        <LabelForm key={row} rows={() => [row]} before={label} testid="image-label" />
      ) : (
        label !== null && <p class="tag">{label}</p>
      )}
      {source.editable && has?.segmenter && (
        <OverlayForm {...props} note={facts.scale_note} />
      )}
      <Facts facts={facts} />
      <Nearest near={facts.nearest} />
      {source.editable && has?.mirror && <Mirror row={row} />}
    </div>
  );
}
