import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { percent, plural } from "../../app/format";
import { acceptBatch, leaveOut, leftOut, offered, rejectBatch } from "../../app/teach";
import { Icon } from "../../app/Icon";
import { Thumb } from "../../app/Thumb";
import { KeyButton } from "./Steps";

function One({ row, label }: { row: number; label: string }) {
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  const isIn = !leftOut.value.has(row);
  return (
    <li>
      <button
        type="button"
        class={isIn ? "neighbour" : "neighbour left-out"}
        aria-pressed={isIn}
        aria-label={`${path} is ${label}`}
        title={isIn ? `${path}: click to leave it out` : `${path}: left out`}
        data-testid="batch-image"
        data-row={row}
        onClick={() => leaveOut(row)}
      >
        <Thumb row={row} />
        {!isIn && <Icon name="close" />}
      </button>
    </li>
  );
}

/** Images that are near each other and all look like one kind, to name together. */
export function Batch() {
  if (offered.value === null) return null;
  const { label, rows, probability } = offered.value;
  const kept = rows.filter((row) => !leftOut.value.has(row)).length;
  return (
    <section aria-labelledby="batch-title" data-testid="batch" data-label={label}>
      <h2 id="batch-title">
        {plural(rows.length, "image")} that look like {label}{" "}
        <span class="muted">{percent(probability)} expected right</span>
      </h2>
      <ul class="neighbours together">
        {rows.map((row) => (
          <One key={row} row={row} label={label} />
        ))}
      </ul>
      <div class="teach-steps">
        <KeyButton name="None of them" keys="X" letter="X" testid="batch-reject" act={rejectBatch} />
        <KeyButton
          name={kept === rows.length ? `All are ${label}` : `${kept} are ${label}`}
          keys="A"
          letter="A"
          main
          testid="batch-accept"
          act={acceptBatch}
        />
      </div>
    </section>
  );
}
