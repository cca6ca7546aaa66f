import type { ComponentChild } from "preact";
import { bytes, moment } from "../../app/format";
import { collection, source } from "../../app/store";
import { valueOf, type ColumnMeta, type ImageFacts } from "../../data/types";
import { cell } from "../columns";

interface Entry {
  title: string;
  description: string;
  value: ComponentChild;
}

/** A column as it stands beside the picture, in more detail than in the table. */
function entryOf(facts: ImageFacts, column: ColumnMeta): Entry {
  const { title, description, format } = column;
  if (format === "path") return { title, description, value: <span class="path">{facts.path}</span> };
  if (format === "date") return { title, description, value: moment(facts.modified) };
  if (format === "size" && facts.mode !== null) {
    return { title, description, value: `${facts.width} × ${facts.height}, ${facts.mode}` };
  }
  return { title, description, value: cell(facts, column) };
}

function listed(facts: ImageFacts): Entry[] {
  const columns = collection.value?.meta.columns ?? [];
  const known = columns.filter(({ name, format }) => format !== "problems" && valueOf(facts, name) !== null);
  const file = { title: "File", description: "size of the file", value: bytes(facts.bytes) };
  const fields = facts.fields.map(([title, value]) => ({ title, description: "field", value }));
  return [...known.map((column) => entryOf(facts, column)), ...fields, ...(facts.bytes === null ? [] : [file])];
}

function Problems({ facts }: { facts: ImageFacts }) {
  const problems = [...(facts.wrong ? ["marked as wrong"] : []), ...facts.problems];
  if (problems.length === 0) {
    return source.editable && collection.value?.checked ? <p class="muted">No problems found.</p> : null;
  }
  return (
    <ul class="tags" aria-label="Problems">
      {problems.map((problem) => (
        <li class="tag warn" key={problem}>
          {problem}
        </li>
      ))}
    </ul>
  );
}

function Metadata({ entries }: { entries: [string, string][] }) {
  if (entries.length === 0) return null;
  return (
    <details>
      <summary>Metadata ({entries.length})</summary>
      <dl class="facts">
        {entries.map(([name, value], place) => (
          <div key={place}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

export function Facts({ facts }: { facts: ImageFacts }) {
  return (
    <section aria-label="Facts">
      <Problems facts={facts} />
      <dl class="facts" data-testid="facts">
        {listed(facts).map(({ title, description, value }) => (
          <div key={title} title={description}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Metadata entries={facts.metadata} />
    </section>
  );
}
