import { useEffect, useId, useState } from "preact/hooks";
import { edit } from "../app/edits";
import { count } from "../app/format";
import { collection } from "../app/store";

interface Props {
  rows: () => number[];
  before?: string | null;
  testid: string; // of the field; the button's is similar
  done?(): void;
  focused?: boolean;
}

/** Label some images; an empty label removes theirs. */
export function LabelForm({ rows, before = null, testid, done, focused = false }: Props) {
  const [text, setText] = useState(before ?? "");
  useEffect(() => setText(before ?? ""), [before]);
  const list = useId();
  const label = text.trim();
  const apply = async (event: Event) => {
    event.preventDefault();
    if (await edit({ action: "label", rows: rows(), label: label === "" ? null : label })) done?.();
  };
  return (
    <form class="line-form" onSubmit={(event) => void apply(event)}>
      <input
        type="text"
        list={list}
        value={text}
        maxLength={200}
        placeholder="Label…"
        aria-label="Label"
        autocomplete="off"
        autofocus={focused}
        data-testid={`${testid}-input`}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <datalist id={list}>
        {collection.value?.labels.map((label) => (
          <option key={label.name} value={label.name}>{`${count(label.count)} images`}</option>
        ))}
      </datalist>
      <button
        type="submit"
        class={label === "" ? "button" : "button main"}
        title={label === "" ? "Remove their labels" : `Label as ${label}`}
        data-testid={`${testid}-apply`}
      >
        {label === "" ? "Remove" : "Label"}
      </button>
    </form>
  );
}
