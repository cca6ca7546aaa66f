import { useEffect, useState } from "preact/hooks";
import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { openImage } from "../../app/search";
import { labelOf, source } from "../../app/store";
import { attempt } from "../../app/edits";
import { Thumb } from "../../app/Thumb";
import type { Near as NearRow } from "../../data/types";

const SHOWN = 8;

function One({ row, list }: { row: number; list: number[] }) {
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  const label = labelOf(row);
  return (
    <li>
      <button
        type="button"
        class="neighbour"
        aria-label={`Open ${path}, ${label === null ? "without a name" : `named ${label}`}`}
        title={path}
        onClick={() => openImage(row, list)}
      >
        <Thumb row={row} />
      </button>
      <span class={label === null ? "cut muted" : "cut strong"} aria-hidden="true">
        {label ?? "–"}
      </span>
    </li>
  );
}

/** The images nearest to this one, with the names that they have. */
export function Near({ row }: { row: number }) {
  const [near, setNear] = useState<NearRow[]>([]);
  useEffect(() => {
    let isCurrent = true;
    void attempt(async () => {
      const found = await source.searchRow(row, SHOWN);
      if (isCurrent) setNear(found);
    });
    return () => {
      isCurrent = false;
    };
  }, [row]);
  const list = near.map((one) => one.row);
  return (
    <section aria-labelledby="near-title">
      <h2 id="near-title">Nearest images</h2>
      <ul class="neighbours named" data-testid="teach-near">
        {list.map((one) => (
          <One key={one} row={one} list={list} />
        ))}
      </ul>
    </section>
  );
}
