import { count } from "../app/format";
import { collection, source } from "../app/store";
import type { NoteCount } from "../data/types";
import { useFetched } from "./useFetched";

function NoteRow({ note }: { note: NoteCount }) {
  const more = note.count - note.examples.length;
  return (
    <tr>
      <td>{count(note.count)}</td>
      <th scope="row">
        {note.title}
        <p class="muted">{note.meaning}</p>
      </th>
      <td>
        {note.examples.map(({ path, detail }) => (
          <p key={path}>
            <span class="path">{path}</span> {detail && <span class="muted">{detail}</span>}
          </p>
        ))}
        {more > 0 && <p class="muted">and {count(more)} more</p>}
      </td>
    </tr>
  );
}

/** What was assumed or left out when files were read. */
export function ReadingTable() {
  const reading = useFetched(() => source.reading(), [collection.value]);
  if (reading === null) return null;
  const notes = [...reading.notes, ...reading.left_out];
  if (notes.length === 0 && reading.assumed.length === 0) return <p class="empty">Nothing was assumed.</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Assumptions" data-testid="reading">
      {reading.assumed.map((sentence) => (
        <p class="assumed" key={sentence}>
          {sentence}
        </p>
      ))}
      {notes.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Files</th>
              <th scope="col">What was done</th>
              <th scope="col">For example</th>
            </tr>
          </thead>
          <tbody>
            {notes.map((note) => (
              <NoteRow key={note.kind} note={note} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
