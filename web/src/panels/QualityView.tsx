import { figure } from "../app/format";
import { start } from "../app/jobs";
import { collection, job, source } from "../app/store";
import type { Quality } from "../data/types";
import { useAnswer } from "./useAnswer";

function Figures({ figures }: Pick<Quality, "figures">) {
  return (
    <dl class="figures">
      {figures.map(({ name, value, meaning }) => (
        <div class="figure-card" key={name}>
          <dt>{name}</dt>
          <dd class="value">{figure(value)}</dd>
          <dd class="muted">{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

function Table({ title, header, rows }: Quality["tables"][number]) {
  return (
    <section class="quality-table">
      <h3>{title}</h3>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              {header.map((name, place) => (
                <th scope="col" key={place}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, line) => (
              <tr key={line}>
                {row.map((cell, place) => (
                  <td key={place}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Pictures({ pictures }: Pick<Quality, "pictures">) {
  return (
    <div class="quality-pictures">
      {pictures.map(({ title, alt, url }) => (
        <figure key={url}>
          <figcaption>{title}</figcaption>
          <img src={url} alt={alt} loading="lazy" />
        </figure>
      ))}
    </div>
  );
}

function isEmpty({ figures, pictures, tables }: Quality): boolean {
  return figures.length + pictures.length + tables.length === 0;
}

export function QualityView() {
  const quality = useAnswer(() => source.quality(), [collection.value]);
  return (
    <section class="pane" aria-labelledby="quality-title">
      <header class="pane-head">
        <h2 id="quality-title">Quality</h2>
        <span class="muted">how well the images are told apart, grouped and laid out</span>
        <span class="push" />
        {source.editable && (
          <button
            type="button"
            class="button"
            data-testid="evaluate"
            disabled={job.value?.state === "running"}
            onClick={() => void start("evaluate")}
          >
            Evaluate
          </button>
        )}
      </header>
      <div class="quality" tabIndex={0} role="region" aria-label="Figures and pictures" data-testid="quality">
        {quality !== null && isEmpty(quality) && <p class="empty">Nothing has been evaluated yet.</p>}
        {quality !== null && quality.figures.length > 0 && <Figures figures={quality.figures} />}
        {quality !== null && quality.pictures.length > 0 && <Pictures pictures={quality.pictures} />}
        {quality?.tables.map((table) => <Table key={table.title} {...table} />)}
      </div>
    </section>
  );
}
