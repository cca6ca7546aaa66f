import type { FieldBin } from "../../data/types";

interface Props {
  bins: readonly FieldBin[];
  low?: number | null; // what is wanted
  high?: number | null;
  words(bin: FieldBin): string;
  pick(bin: FieldBin, extend: boolean): void;
}

/** How many images have which values: a bar for each range, of which a click wants one, and with Shift all up to it. */
export function Histogram({ bins, low, high, words, pick }: Props) {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const isWanted = (bin: FieldBin) => (low == null || bin.high > low) && (high == null || bin.low <= high);
  return (
    <div class="histogram">
      {bins.map((bin) => (
        <button
          type="button"
          key={bin.low}
          class={isWanted(bin) ? "bar" : "bar off"}
          tabIndex={-1} // the fields below do the same by keyboard
          title={words(bin)}
          aria-label={words(bin)}
          data-testid="bar"
          onClick={(event) => pick(bin, event.shiftKey)}
        >
          <span style={{ height: `${bin.count === 0 ? 0 : Math.max(4, (bin.count / most) * 100)}%` }} />
        </button>
      ))}
    </div>
  );
}
