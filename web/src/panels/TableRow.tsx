import { useHeld } from "../app/batched";
import { facts } from "../app/caches";
import { openImage } from "../app/search";
import { toggle } from "../app/selectionActions";
import { selected, shown } from "../app/store";
import { Thumb } from "../app/Thumb";
import type { ColumnMeta } from "../data/types";
import { cell } from "./columns";

export function TableRow({ row, columns }: { row: number; columns: readonly ColumnMeta[] }) {
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
      {columns
        .filter((column) => column.format !== "path")
        .map((column) => (
          <td key={column.name} class={column.is_number ? "number" : undefined}>
            {known && cell(known, column)}
          </td>
        ))}
    </tr>
  );
}
