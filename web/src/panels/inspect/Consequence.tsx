import { useEffect, useState } from "preact/hooks";
import { figure, plural } from "../../app/format";
import type { Verdict } from "../../app/inspection";
import { collection, source } from "../../app/store";
import type { ThresholdMove } from "../../data/types";
import { share } from "./Verdict";

const DELAY = 120; // milliseconds: going quickly through images asks for none of them

/** What another threshold would do, in a sentence. */
export function sentence({ threshold, more, fewer, alarms }: ThresholdMove): string {
  const changes = more > 0 ? `${plural(more, "image")} more not good` : fewer > 0 ? `${plural(fewer, "image")} fewer not good` : "no other image changes";
  const rate = alarms === null ? "" : `; of good ones ${share(alarms.rate)} lie above (95 %: ${share(alarms.low)} to ${share(alarms.high)})`;
  return `${figure(threshold)}: ${changes}${rate}.`;
}

/** What would follow if the threshold moved so that it calls an image so. */
export function Consequence({ row, verdict }: { row: number; verdict: Verdict }) {
  const [move, setMove] = useState<ThresholdMove | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setMove(null);
    const load = async () => {
      const next = await source.previewMove([row], verdict).catch(() => null); // an image without a score
      if (isCurrent) setMove(next);
    };
    const timer = setTimeout(() => void load(), DELAY);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [row, verdict, collection.value]);
  if (move !== null && move.threshold === move.old_threshold) return null;
  return (
    <p class="muted consequence" data-testid="consequence">
      {move === null ? "…" : `Threshold ${sentence(move)}`}
    </p>
  );
}
