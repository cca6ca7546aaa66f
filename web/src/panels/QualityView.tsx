import { useEffect } from "preact/hooks";
import { figure } from "../app/format";
import { start } from "../app/jobs";
import { collection, job, source } from "../app/store";
import type { Quality } from "../data/types";
import { useFetched } from "./useFetched";

type Figure = Quality["figures"][number];

/** Where a value lies between the least and the greatest one that is possible. */
function Scale({ value, low, high }: { value: number; low: number; high: number }) {
  const share = Math.max(0, Math.min(1, (value - low) / (high - low)));
  return (
    <dd class="scale" aria-hidden="true">
      <span>{low}</span>
      <span class="scale-bar">
        <span class="scale-mark" style={{ left: `${share * 100}%` }} />
      </span>
      <span>{high}</span>
    </dd>
  );
}

function FigureCard({ name, title, value, meaning, good, low, high }: Figure) {
  return (
    <div class="figure-card" data-testid={`figure-${name}`}>
      <dt>{title}</dt>
      <dd class="value">{figure(value)}</dd>
      {low !== null && high !== null && <Scale value={value} low={low} high={high} />}
      <dd>{meaning}</dd>
      <dd class="muted">{good}</dd>
    </div>
  );
}

function Figures({ title, note, figures }: { title: string; note: string; figures: Figure[] }) {
  return (
    <section class="quality-section">
      <h3>{title}</h3>
      <p class="muted">{note}</p>
      <dl class="figures">
        {figures.map((one) => (
          <FigureCard key={one.name} {...one} />
        ))}
      </dl>
    </section>
  );
}

function NoClasses() {
  return (
    <section class="quality-section">
      <h3>Compared with true classes</h3>
      <p class="muted">
        No classes are known, so nothing here says whether the groups are right. Where the folders of the images are
        their classes, or a CSV of path,label has them, run <code>unpool evaluate --labels folders</code>.
      </p>
    </section>
  );
}

function Facts({ facts }: Pick<Quality, "facts">) {
  return (
    <section class="quality-section">
      <h3>How it was made</h3>
      <dl class="facts">
        {facts.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Table({ title, meaning, header, rows }: Quality["tables"][number]) {
  return (
    <section class="quality-section quality-table">
      <h3>{title}</h3>
      <p class="muted">{meaning}</p>
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
      {pictures.map(({ title, alt, meaning, url }) => (
        <figure key={url}>
          <figcaption>
            <strong>{title}</strong> <span class="muted">{meaning}</span>
          </figcaption>
          <img src={url} alt={alt} loading="lazy" />
        </figure>
      ))}
    </div>
  );
}

function isEmpty({ figures, pictures, tables }: Quality): boolean {
  return figures.length + pictures.length + tables.length === 0;
}

const isEvaluating = () => job.value?.state === "running" && job.value.kind === "evaluate";

function emptyMessage(): string {
  if (!source.editable) return "This page shows some images only, so it has no figures.";
  return isEvaluating() ? "Computing the figures…" : "Nothing has been evaluated yet.";
}

let evaluatedGrouping: string | null = null;

/** Evaluates the groups where that has not been done, once for each grouping. */
function useEvaluation(quality: Quality | null): void {
  const groups = collection.value?.groups ?? [];
  const grouping = JSON.stringify(groups.map(({ group, count }) => [group, count]));
  useEffect(() => {
    if (!source.editable || quality === null || quality.figures.length > 0 || groups.length === 0) return;
    if (job.value?.state === "running" || evaluatedGrouping === grouping) return;
    evaluatedGrouping = grouping;
    void start("evaluate");
  }, [quality, grouping, job.value?.state]);
}

function Evaluate() {
  return (
    <button
      type="button"
      class="button"
      data-testid="evaluate"
      disabled={job.value?.state === "running"}
      title="Compute all figures and pictures of the present groups"
      onClick={() => void start("evaluate")}
    >
      Evaluate again
    </button>
  );
}

function Content({ quality }: { quality: Quality }) {
  const { figures, pictures, tables, facts } = quality;
  const plain = figures.filter((one) => !one.needs_classes);
  const compared = figures.filter((one) => one.needs_classes);
  return (
    <>
      {isEmpty(quality) && <p class="empty">{emptyMessage()}</p>}
      {figures.length === 0 && !isEmpty(quality) && isEvaluating() && <p role="status">Computing the figures…</p>}
      {plain.length > 0 && (
        <Figures
          title="The groups by themselves"
          note="Measured from the images alone, without knowing what they show."
          figures={plain}
        />
      )}
      {compared.length > 0 && (
        <Figures title="Compared with true classes" note="How far groups and classes agree." figures={compared} />
      )}
      {plain.length > 0 && compared.length === 0 && <NoClasses />}
      {pictures.length > 0 && <Pictures pictures={pictures} />}
      {tables.map((table) => (
        <Table key={table.title} {...table} />
      ))}
      {facts.length > 0 && !isEmpty(quality) && <Facts facts={facts} />}
    </>
  );
}

export function QualityView() {
  const quality = useFetched(() => source.quality(), [collection.value]);
  useEvaluation(quality);
  return (
    <section class="pane" aria-labelledby="quality-title">
      <header class="pane-head">
        <h2 id="quality-title">Quality</h2>
        <span class="muted">how clear the groups are, and how far the map can be believed</span>
        <span class="push" />
        {source.editable && <Evaluate />}
      </header>
      <div class="quality" tabIndex={0} role="region" aria-label="Figures and pictures" data-testid="quality">
        {quality !== null && <Content quality={quality} />}
      </div>
    </section>
  );
}
