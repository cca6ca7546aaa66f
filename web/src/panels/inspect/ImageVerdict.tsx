import { heat } from "../../app/inspection";
import { source } from "../../app/store";
import { Judge } from "./Judge";
import { Verdict } from "./Verdict";

interface Props {
  row: number;
  judged(done: Promise<boolean>): void;
}

/** What the inspector and people say of an open image, and its heat map over it. */
export function ImageVerdictSide({ row, judged }: Props) {
  return (
    <section aria-labelledby="verdict-title" data-testid="image-verdict">
      <h3 id="verdict-title">Inspection</h3>
      <Verdict row={row} />
      <label class="field inline">
        Heat map
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={heat.value}
          data-testid="heat-opacity"
          aria-keyshortcuts="H"
          aria-valuetext={`${Math.round(heat.value * 100)} percent`}
          onInput={(event) => (heat.value = Number(event.currentTarget.value))}
        />
      </label>
      {source.editable && <Judge row={row} active judged={judged} />}
    </section>
  );
}
