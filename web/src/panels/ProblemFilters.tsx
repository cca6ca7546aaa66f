import { narrow } from "../app/search";
import { collection, filter, source, view } from "../app/store";
import { Entry } from "./CountedList";
import { problemKinds } from "./problems";

export function ProblemFilters() {
  const current = collection.value;
  if (current === null || !source.editable) return null;
  const found = problemKinds().filter(({ name }) => (current.problems[name] ?? 0) > 0);
  if (found.length === 0 && current.checked) return null;
  return (
    <section class="side-section" aria-labelledby="problems-title">
      <h2 id="problems-title">Problems</h2>
      {!current.checked && (
        <p class="muted">
          Not checked yet.{" "}
          <button type="button" class="link" onClick={() => (view.value = "problems")}>
            Check them…
          </button>
        </p>
      )}
      <ul class="entries">
        {found.map(({ name, title }) => (
          <Entry
            key={name}
            name={name}
            words={title}
            images={current.problems[name] ?? 0}
            current={filter.value.problem === name}
            testid="problem-item"
            toggle={() => narrow({ problem: filter.value.problem === name ? undefined : name })}
          />
        ))}
      </ul>
    </section>
  );
}
