import { useHeld } from "./batched";
import { facts } from "./caches";
import { hovered, type Hovered } from "./mapState";
import { labelOf } from "./store";
import { GroupName } from "./Swatch";
import { Thumb } from "./Thumb";

const WIDTH = 176;
const HEIGHT = 236;
const GAP = 16;

function Card({ row, x, y, width, height }: Hovered) {
  const path = useHeld(facts, row)?.path;
  const label = labelOf(row);
  const left = x + GAP + WIDTH > width ? x - GAP - WIDTH : x + GAP;
  const top = Math.max(GAP, Math.min(y - HEIGHT / 2, height - HEIGHT - GAP));
  return (
    <div class="hover-card" style={{ left: `${left}px`, top: `${top}px` }} data-testid="hover" data-row={row}>
      <Thumb row={row} key={row} />
      <span class="cut">{path ?? "…"}</span>
      <GroupName row={row} />
      {label !== null && <span class="tag cut">{label}</span>}
    </div>
  );
}

/** The image under the pointer. The pointer alone gets it: keyboards and screen readers have the grid and the table. */
export function HoverCard() {
  return hovered.value && <Card {...hovered.value} />;
}
