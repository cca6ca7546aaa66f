import { leaveResults } from "../app/search";
import { figure } from "../app/format";
import { Icon } from "../app/Icon";
import { select } from "../app/selectionActions";
import { collection, resultRows, results, view } from "../app/store";
import { hasWords } from "../app/typed";
import { addWords } from "../app/words";
import { Grid } from "./Grid";

export function ResultsView() {
  const found = results.value;
  if (found === null) return null;
  return (
    <section class="pane" data-testid="results" aria-labelledby="results-title">
      <header class="pane-head">
        <button type="button" class="button quiet" onClick={leaveResults} data-testid="results-back">
          <Icon name="left" /> Back
        </button>
        <h2 id="results-title" class="cut">
          {found.title}
        </h2>
        <span class="muted">nearest first</span>
        <span class="push" />
        {found.row !== null && hasWords.value && (
          <button type="button" class="button quiet" onClick={() => void addWords()} data-testid="results-add-words">
            Add words
          </button>
        )}
        {collection.value?.has.map && (
          <button type="button" class="button quiet" onClick={() => (view.value = "map")}>
            <Icon name="map" /> On the map
          </button>
        )}
        <button type="button" class="button quiet" onClick={() => select(resultRows.value)}>
          Select all
        </button>
      </header>
      <Grid
        rows={resultRows.value}
        name={found.title}
        testid="results-grid"
        note={(place) => figure(found.near[place]?.distance ?? null)}
      />
    </section>
  );
}
