import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../app/format";
import { IconButton } from "../app/IconButton";
import { narrow } from "../app/search";
import { add, remove } from "../app/selectionActions";
import { collection, filter, selected, shown } from "../app/store";
import type { ColumnMeta } from "../data/types";
import { knownColumns } from "./columns";
import { TableRow } from "./TableRow";

const PAGE = 100;

function Header({ column }: { column: ColumnMeta }) {
  const { sort = "path", descending = false } = filter.value;
  const now = column.sort === sort;
  const key = column.sort;
  if (key === null) return <th scope="col" title={column.description}>{column.title}</th>;
  return (
    <th scope="col" title={column.description} aria-sort={now ? (descending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        class="sort"
        onClick={() => narrow({ sort: key, descending: now ? !descending : false })}
      >
        {column.title}
        <span aria-hidden="true" class="sort-arrow">
          {now ? (descending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function Pages({ page, pages, go }: { page: number; pages: number; go(page: number): void }) {
  const first = page * PAGE;
  const last = Math.min(shown.value.length, first + PAGE);
  return (
    <nav class="pages" aria-label="Pages of the table">
      <IconButton icon="left" name="Previous page" disabled={page === 0} onClick={() => go(page - 1)} />
      <span role="status">
        {count(Math.min(first + 1, last))} to {count(last)} of {count(shown.value.length)}
      </span>
      <IconButton icon="right" name="Next page" disabled={page + 1 >= pages} onClick={() => go(page + 1)} />
    </nav>
  );
}

/** The images that the filter leaves, a row each, with every column that has values. */
export function TableView() {
  const [at, setAt] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const pages = Math.max(1, Math.ceil(shown.value.length / PAGE));
  const page = Math.min(at, pages - 1);
  useEffect(() => setAt(0), [filter.value]);
  useEffect(() => scroller.current?.scrollTo(0, 0), [page]);
  const rows = [...shown.value.subarray(page * PAGE, (page + 1) * PAGE)];
  const picked = rows.filter((row) => selected.value[row] === 1).length;
  const columns = collection.value === null ? [] : knownColumns(collection.value);
  return (
    <section class="pane" aria-label="Table">
      <div class="table-scroll" ref={scroller} tabIndex={0} role="region" aria-label="Images, a row each">
        <table class="images" data-testid="table">
          <thead>
            <tr>
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label="Select all on this page"
                  checked={picked > 0 && picked === rows.length}
                  ref={(box) => {
                    if (box) box.indeterminate = picked > 0 && picked < rows.length;
                  }}
                  onChange={(event) => (event.currentTarget.checked ? add(rows) : remove(rows))}
                />
              </th>
              {columns.map((column) => (
                <Header key={column.name} column={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <TableRow key={row} row={row} columns={columns} />
            ))}
          </tbody>
        </table>
      </div>
      <Pages page={page} pages={pages} go={setAt} />
    </section>
  );
}
