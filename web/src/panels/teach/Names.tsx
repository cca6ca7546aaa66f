import { useId, useState } from "preact/hooks";
import { count } from "../../app/format";
import { collection } from "../../app/store";
import { assign, names, teaching, type Next } from "../../app/teach";
import { Swatch } from "../../app/Swatch";

const KEYS = 9;

function Name({ name, place, suggested }: { name: string; place: number; suggested: boolean }) {
  const colour = collection.value?.labels.find((label) => label.name === name)?.colour;
  const images = teaching.value?.names.find((one) => one.name === name)?.count ?? 0;
  return (
    <li>
      <button
        type="button"
        class={suggested ? "button teach-name suggested" : "button teach-name"}
        aria-keyshortcuts={place < KEYS ? String(place + 1) : undefined}
        data-testid="teach-name"
        data-name={name}
        title={name}
        onClick={() => assign(name)}
      >
        {place < KEYS && <kbd aria-hidden="true">{place + 1}</kbd>}
        <Swatch colour={colour} round />
        <span class="cut">{name}</span>
        <span class="count">{count(images)}</span>
      </button>
    </li>
  );
}

/** A name of one's own; the field is left again for the next image. */
function NewName() {
  const [text, setText] = useState("");
  const list = useId();
  const apply = (event: Event) => {
    event.preventDefault();
    document.getElementById("new-name")?.blur();
    assign(text);
  };
  const key = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.currentTarget.blur();
  };
  return (
    <form class="line-form" onSubmit={apply}>
      <input
        id="new-name"
        type="text"
        list={list}
        value={text}
        maxLength={200}
        placeholder="New name… (N)"
        aria-label="New name"
        aria-keyshortcuts="N"
        autocomplete="off"
        data-testid="teach-new"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={key}
      />
      <datalist id={list}>
        {names.value.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button type="submit" class="button" disabled={text.trim() === ""} data-testid="teach-new-apply">
        Name it
      </button>
    </form>
  );
}

export function Names({ next }: { next: Next }) {
  return (
    <section aria-labelledby="teach-names">
      <h2 id="teach-names">Names</h2>
      <ul class="teach-names">
        {names.value.map((name, place) => (
          <Name key={name} name={name} place={place} suggested={name === next.label} />
        ))}
      </ul>
      <NewName key={next.row} />
    </section>
  );
}
