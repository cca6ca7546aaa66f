import { useHeld } from "../../app/batched";
import { verdicts } from "../../app/inspection";
import { figure } from "../../app/format";
import { collection } from "../../app/store";
import type { ImageVerdict } from "../../data/types";

/** A small share with the digits that it has: 0.32 %, 12 %. */
export function share(value: number): string {
  const percent = value * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : percent.toPrecision(2)} %`;
}

function Chip({ of }: { of: ImageVerdict }) {
  const verdict = of.verdict ?? of.called;
  if (verdict === null) return <span class="tag">not inspected</span>;
  const by = of.verdict === null ? "" : of.is_added ? ", you said; in the memory" : ", you said";
  return <span class={verdict === "good" ? "tag good" : "tag warn"} data-testid="verdict">{verdict}{by}</span>;
}

/** Score, verdict and probability of an image. */
export function Verdict({ row }: { row: number }) {
  const of = useHeld(verdicts, row);
  const threshold = collection.value?.inspection?.threshold ?? null;
  if (of === undefined) return <p class="muted">…</p>;
  return (
    <div class="verdict">
      <p>
        <Chip of={of} />
      </p>
      {of.score !== null && (
        <dl class="scores">
          <div>
            <dt>Score</dt>
            <dd data-testid="score">
              {figure(of.score)} <span class="muted">{of.called === "good" ? "not above" : "above"} {figure(threshold)}</span>
            </dd>
          </div>
          <div title="the share of good images that score as high">
            <dt>Probability of being good</dt>
            <dd>{of.probability === null ? "–" : share(of.probability)}</dd>
          </div>
        </dl>
      )}
    </div>
  );
}
