import { findRegion } from "../../app/search";
import { moved, resized, type Box } from "./regions";

interface Props {
  row: number;
  path: string;
  box: Box;
  change(box: Box): void;
  end(): void;
}

function Percent({ name, value, set }: { name: string; value: number; set(share: number): void }) {
  return (
    <label class="field">
      {name}
      <input
        type="number"
        min={0}
        max={100}
        value={Math.round(value * 100)}
        onChange={(event) => set(Number(event.currentTarget.value) / 100)}
      />
    </label>
  );
}

/** The region in numbers, for those who do not draw it. */
export function RegionForm({ row, path, box, change, end }: Props) {
  const [x0, y0, x1, y1] = box;
  const search = (event: Event) => {
    event.preventDefault();
    void findRegion(row, path, box);
  };
  return (
    <form class="region-form" onSubmit={search} aria-label="Region">
      <p class="muted">Draw a rectangle on the picture, or set it here in percent.</p>
      <div class="fields four">
        <Percent name="Left" value={x0} set={(to) => change(moved(box, to - x0, 0))} />
        <Percent name="Top" value={y0} set={(to) => change(moved(box, 0, to - y0))} />
        <Percent name="Width" value={x1 - x0} set={(to) => change(resized(box, to - (x1 - x0), 0))} />
        <Percent name="Height" value={y1 - y0} set={(to) => change(resized(box, 0, to - (y1 - y0)))} />
      </div>
      <div class="form-end">
        <button type="button" class="button" onClick={end}>
          Cancel
        </button>
        <button type="submit" class="button main" data-testid="region-search">
          Search this region
        </button>
      </div>
    </form>
  );
}
