import { useHeld } from "../app/batched";
import { facts } from "../app/caches";
import { openImage } from "../app/finding";
import { toggle } from "../app/selecting";
import { selected, shown } from "../app/store";
import { Thumb } from "../app/Thumb";
import type { Column } from "./columns";

export function TableRow({ row, columns }: { row: number; columns: readonly Column[] }) {
  const known = useHeld(facts, row);
  const path = known?.path ?? `image ${row}`;
  const picked = selected.value[row] === 1;
  return (
    <tr class={picked ? "picked" : undefined} data-row={row}>
      <td>
        <input type="checkbox" aria-label={`Select ${path}`} checked={picked} onChange={() => toggle(row)} />
      </td>
      <th scope="row">
        <button type="button" class="table-open" title={path} onClick={() => openImage(row, shown.value)}>
          <Thumb row={row} />
          <span class="path">{path}</span>
        </button>
      </th>
      {columns.map((column) => (
        <td key={column.name} class={column.number ? "number" : undefined}>
          {known && column.of(known)}
        </td>
      ))}
    </tr>
  );
}
