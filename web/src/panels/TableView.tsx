import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../app/format";
import { IconButton } from "../app/IconButton";
import { narrow } from "../app/finding";
import { add, remove } from "../app/selecting";
import { collection, filter, selected, shown } from "../app/store";
import { COLUMNS, PATH, type Column } from "./columns";
import { TableRow } from "./TableRow";

const PAGE = 100;

function Header({ column }: { column: Column }) {
  const { sort = "path", descending = false } = filter.value;
  const now = column.sort === sort;
  if (column.sort === undefined) return <th scope="col">{column.name}</th>;
  return (
    <th scope="col" aria-sort={now ? (descending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        class="sort"
        onClick={() => narrow({ sort: column.sort, descending: now ? !descending : false })}
      >
        {column.name}
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

/** What the map and the grid show, for those who can use neither: every image with its facts. */
export function TableView() {
  const [at, setAt] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const pages = Math.max(1, Math.ceil(shown.value.length / PAGE));
  const page = Math.min(at, pages - 1);
  useEffect(() => setAt(0), [filter.value]);
  useEffect(() => scroller.current?.scrollTo(0, 0), [page]);
  const rows = [...shown.value.subarray(page * PAGE, (page + 1) * PAGE)];
  const picked = rows.filter((row) => selected.value[row] === 1).length;
  const columns = COLUMNS.filter((column) => collection.value !== null && column.known(collection.value));
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
              <Header column={PATH} />
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
