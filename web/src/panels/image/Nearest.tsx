import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { figure } from "../../app/format";
import { opened, source } from "../../app/store";
import { Thumb } from "../../app/Thumb";
import type { Near } from "../../data/types";

function Neighbour({ row, distance }: Near) {
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  const go = () => {
    opened.value = { row, list: opened.value?.list ?? [row] };
  };
  return (
    <li>
      <button
        type="button"
        class="neighbour"
        aria-label={`${path}, at distance ${figure(distance)}`}
        title={`${path} (${figure(distance)})`}
        data-row={row}
        onClick={go}
      >
        <Thumb row={row} />
      </button>
    </li>
  );
}

export function Nearest({ near }: { near: Near[] }) {
  if (near.length === 0) return null;
  return (
    <section aria-labelledby="nearest-title">
      <h3 id="nearest-title">{source.editable ? "Nearest images" : "Nearest on the map"}</h3>
      <ul class="neighbours" data-testid="nearest">
        {near.map((one) => (
          <Neighbour key={one.row} {...one} />
        ))}
      </ul>
    </section>
  );
}
