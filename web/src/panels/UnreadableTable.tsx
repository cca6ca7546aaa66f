import { collection, source } from "../app/store";
import { useFetched } from "./useFetched";

export function UnreadableTable() {
  const files = useFetched(() => source.unreadable(), [collection.value]);
  if (files === null) return null;
  if (files.length === 0) return <p class="empty">Every file could be read.</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Unreadable files">
      <table data-testid="unreadable">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">Problem</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {files.map(({ path, problem, detail }) => (
            <tr key={path}>
              <th scope="row" class="path">
                {path}
              </th>
              <td>{problem}</td>
              <td>{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
