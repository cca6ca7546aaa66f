import { bytes, figure, moment, percent } from "../../app/format";
import { collection, source } from "../../app/store";
import { GroupName } from "../../app/Swatch";
import type { ImageFacts } from "../../data/types";

function listed(facts: ImageFacts) {
  const all = [
    { name: "Path", value: <span class="path">{facts.path}</span> },
    { name: "Size", value: `${facts.width} × ${facts.height}${facts.mode === null ? "" : `, ${facts.mode}`}` },
    facts.bytes !== null && { name: "File", value: bytes(facts.bytes) },
    facts.modified !== null && { name: "Date", value: moment(facts.modified) },
    {
      name: "Group",
      value: (
        <>
          <GroupName group={facts.group} />
          {facts.probability !== null && <span class="muted"> {percent(facts.probability)} sure</span>}
        </>
      ),
    },
    facts.suggestion !== null && {
      name: "Suggested",
      value: `${facts.suggestion} (${percent(facts.suggestion_confidence)})`,
    },
    facts.outlier_score !== null && { name: "Outlier score", value: figure(facts.outlier_score) },
    facts.reconstruction_error !== null && {
      name: "Reconstruction error",
      value: figure(facts.reconstruction_error),
    },
    facts.sharpness !== null && { name: "Sharpness", value: figure(facts.sharpness) },
    facts.brightness !== null && { name: "Brightness", value: figure(facts.brightness) },
  ];
  return all.filter((one) => one !== false);
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
        {listed(facts).map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Metadata entries={facts.metadata} />
    </section>
  );
}
