import { useSignal } from "@preact/signals";
import { conditionOn, narrowField, toggleValue } from "../../app/fields";
import { count } from "../../app/format";
import { collection } from "../../app/store";
import type { FieldFacet } from "../../data/types";
import { Entry } from "../CountedList";

const FIRST = 8;

/** The values of a field with the number of their images; those that are clicked are wanted, any of them. */
export function ChoiceFacet({ facet }: { facet: FieldFacet }) {
  const all = useSignal(false);
  const { name, values, others, images } = facet;
  const condition = conditionOn(name);
  const wanted = condition?.any ?? [];
  const without = (collection.value?.images ?? 0) - images;
  const isMissing = condition?.missing ?? false;
  const listed = all.value ? values : values.filter((value, place) => place < FIRST || wanted.includes(value.name));
  return (
    <>
      <ul class="entries">
        {listed.map((value) => (
          <Entry
            key={value.name}
            name={value.name}
            words={value.name}
            images={value.count}
            current={wanted.includes(value.name)}
            colour={value.colour}
            testid="facet-value"
            toggle={() => toggleValue(name, value.name)}
          />
        ))}
        {without > 0 && (
          <Entry
            name=""
            words={`without ${name}`}
            images={without}
            current={isMissing}
            testid="facet-missing"
            toggle={() => narrowField(name, isMissing ? null : { missing: true })}
          />
        )}
      </ul>
      {listed.length < values.length && (
        <button type="button" class="link" onClick={() => (all.value = true)}>
          Show {count(values.length - listed.length)} more
        </button>
      )}
      {all.value && others > 0 && <p class="muted">and {count(others)} rarer ones</p>}
    </>
  );
}
