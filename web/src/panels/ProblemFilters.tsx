import { narrow } from "../app/finding";
import { collection, filter, source, view } from "../app/store";
import { Entry } from "./CountedList";
import { KINDS, PROBLEMS } from "./problems";

export function ProblemFilters() {
  const current = collection.value;
  if (current === null || !source.editable) return null;
  const found = KINDS.filter((kind) => current.problems[kind] > 0);
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
        {found.map((kind) => (
          <Entry
            key={kind}
            name={kind}
            words={PROBLEMS[kind].name}
            images={current.problems[kind]}
            current={filter.value.problem === kind}
            testid="problem-item"
            toggle={() => narrow({ problem: filter.value.problem === kind ? undefined : kind })}
          />
        ))}
      </ul>
    </section>
  );
}
