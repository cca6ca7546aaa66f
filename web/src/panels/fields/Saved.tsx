import { useState } from "preact/hooks";
import { edit } from "../../app/edits";
import { fields } from "../../app/fields";
import { narrow } from "../../app/search";
import { filter, selection, source } from "../../app/store";
import { IconButton } from "../../app/IconButton";
import { Entry } from "../CountedList";

/** The selections that were saved by name: a click shows one alone. */
export function Saved() {
  const saved = fields.value?.saved ?? [];
  if (saved.length === 0) return null;
  return (
    <section class="side-section" aria-labelledby="saved-title">
      <h2 id="saved-title">Saved selections</h2>
      <ul class="entries">
        {saved.map(({ name, count }) => (
          <Entry
            key={name}
            name={name}
            words={name}
            images={count}
            current={filter.value.saved === name}
            testid="saved-item"
            toggle={() => narrow({ saved: filter.value.saved === name ? undefined : name })}
            end={
              source.editable && (
                <IconButton
                  icon="close"
                  name={`Forget ${name}`}
                  onClick={() => void edit({ action: "forget_selection", name })}
                />
              )
            }
          />
        ))}
      </ul>
    </section>
  );
}

/** Keep the selected images under a name. */
export function SaveForm() {
  const [text, setText] = useState("");
  const name = text.trim();
  const apply = async (event: Event) => {
    event.preventDefault();
    if (await edit({ action: "save_selection", name, rows: Array.from(selection.value) })) setText("");
  };
  return (
    <form class="line-form" onSubmit={(event) => void apply(event)}>
      <input
        type="text"
        value={text}
        maxLength={100}
        placeholder="Save the selection as…"
        aria-label="Name of the selection"
        autocomplete="off"
        data-testid="save-name"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button" disabled={name === ""} data-testid="save-selection">
        Save
      </button>
    </form>
  );
}
