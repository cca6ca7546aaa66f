import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { BAD_WAYS, GOOD_WAYS, judge, wayOf, type Verdict } from "../../app/inspection";
import { Consequence } from "./Consequence";

interface Props {
  row: number;
  active: boolean; // says what would follow
  judged(done: Promise<boolean>, verdict: Verdict | null): void;
}

const KEYS: Record<Verdict, string> = { good: "G", "not good": "B" };
const NAMES: Record<Verdict, string> = { good: "Good", "not good": "Not good" };

function Button({ row, verdict, said, judged }: Omit<Props, "active"> & { verdict: Verdict; said: string | null }) {
  const isSaid = said === verdict;
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isSaid}
      aria-keyshortcuts={KEYS[verdict]}
      data-testid={verdict === "good" ? "judge-good" : "judge-bad"}
      title={isSaid ? "Take it back" : undefined}
      onClick={() => judged(judge([row], isSaid ? null : verdict), isSaid ? null : verdict)}
    >
      {NAMES[verdict]} <kbd aria-hidden="true">{KEYS[verdict]}</kbd>
    </button>
  );
}

/** Say whether an image is good, and read what follows from it. */
export function Judge({ row, active, judged }: Props) {
  const known = useHeld(facts, row);
  if (known === undefined) return null;
  const score = known.inspection_score;
  const followed = (["good", "not good"] as const).find((verdict) => wayOf(verdict, [score]) !== "word");
  const way = followed === undefined ? "word" : wayOf(followed, [score]);
  return (
    <div class="judge">
      <div class="judge-buttons">
        <Button row={row} verdict="good" said={known.verdict} judged={judged} />
        <Button row={row} verdict="not good" said={known.verdict} judged={judged} />
      </div>
      {active && followed !== undefined && known.verdict !== followed && (
        <>
          <p class="muted">
            {NAMES[followed]} will {followed === "good" ? GOOD_WAYS[way] : BAD_WAYS[way as "threshold"]}.
          </p>
          {way === "threshold" && <Consequence row={row} verdict={followed} />}
        </>
      )}
    </div>
  );
}
