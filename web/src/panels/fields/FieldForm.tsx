import { useId, useState } from "preact/hooks";
import { edit } from "../../app/edits";
import { facets } from "../../app/fields";
import { collection } from "../../app/store";
import type { FieldFacet } from "../../data/types";

/** Fields that people fill, and not cameras. */
function ownFields(): FieldFacet[] {
  const columns = collection.value?.columns ?? [];
  return facets.value.filter(({ name }) => !columns.includes(name));
}

function valueOf(text: string, { kind }: FieldFacet): string | string[] | null {
  if (text.trim() === "") return null;
  return kind === "tags" ? text.split(";").map((tag) => tag.trim()).filter((tag) => tag !== "") : text.trim();
}

/** Give some images a value of a field; an empty one removes theirs. */
export function FieldForm({ rows }: { rows: () => number[] }) {
  const own = ownFields();
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const list = useId();
  const facet = own.find((one) => one.name === name) ?? own[0];
  if (facet === undefined) return null;
  const apply = async (event: Event) => {
    event.preventDefault();
    const value = valueOf(text, facet);
    if (await edit({ action: "set_field", rows: rows(), name: facet.name, value })) setText("");
  };
  return (
    <form class="line-form" onSubmit={(event) => void apply(event)}>
      <select
        aria-label="Field"
        value={facet.name}
        data-testid="field-name"
        onChange={(event) => setName(event.currentTarget.value)}
      >
        {own.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </select>
      <input
        type={facet.kind === "date" ? "date" : "text"}
        inputMode={facet.kind === "number" ? "decimal" : undefined}
        list={list}
        value={text}
        placeholder={facet.kind === "tags" ? "one; another" : "Value…"}
        aria-label={`Value of ${facet.name}`}
        autocomplete="off"
        data-testid="field-value"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <datalist id={list}>
        {facet.values.map((value) => (
          <option key={value.name} value={value.name} />
        ))}
      </datalist>
      <button type="submit" class="button" data-testid="field-apply">
        {text.trim() === "" ? "Remove" : "Set"}
      </button>
    </form>
  );
}
