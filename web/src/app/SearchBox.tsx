import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./Icon";
import { leaveResults, narrow } from "./search";
import { collection, filter, source } from "./store";
import { beside, hasWords, note, picked, searchBy, typed, type SearchBy } from "./typed";
import { typeWords, warmUp } from "./words";

const PAUSE = 250; // milliseconds after the last key

function PathInput() {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const current = filter.value.text ?? "";
  const [text, setText] = useState(current);
  useEffect(() => setText(current), [current]);
  const search = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => narrow({ text: next === "" ? undefined : next }), PAUSE);
  };
  return (
    <input
      id="search"
      type="search"
      aria-label="Search in paths"
      placeholder="Search in paths"
      value={text}
      data-testid="search-text"
      onInput={(event) => search(event.currentTarget.value)}
    />
  );
}

function WordInput() {
  const image = beside.value;
  return (
    <>
      {image !== null && (
        <button
          type="button"
          class="tag beside cut"
          title={`Words are added to ${image.name}; click to search by words alone`}
          data-testid="search-beside"
          onClick={() => {
            beside.value = null;
            typeWords(typed.value);
          }}
        >
          {image.name} ×
        </button>
      )}
      <input
        id="search"
        type="search"
        aria-label="Search by words"
        aria-describedby="search-note"
        placeholder={image === null ? "red shoe -grass" : "and …"}
        title="A minus before a word, or “not”, leaves out what fits it; a plus between blanks adds another search"
        maxLength={1000}
        value={typed.value}
        data-testid="search-words"
        onFocus={warmUp}
        onInput={(event) => typeWords(event.currentTarget.value)}
      />
    </>
  );
}

function pick(by: SearchBy): void {
  if (by === "paths") leaveResults();
  else if (filter.value.text !== undefined) narrow({ text: undefined });
  picked.value = by;
  note.value = by === "words" && !hasWords.value ? (collection.value?.words.message ?? "") : "";
  document.getElementById("search")?.focus();
}

/** Searches by words where there is a model that reads them, else in paths; people can pick either. */
export function SearchBox() {
  const byWords = searchBy.value === "words";
  return (
    <search class={byWords && beside.value !== null ? "path-search wide" : "path-search"}>
      {source.editable ? (
        <select
          aria-label="Search by"
          data-testid="search-by"
          value={searchBy.value}
          onChange={(event) => pick(event.currentTarget.value as SearchBy)}
        >
          <option value="words">Words</option>
          <option value="paths">Paths</option>
        </select>
      ) : (
        <Icon name="search" />
      )}
      {byWords ? <WordInput key="words" /> : <PathInput key="paths" />}
      <p id="search-note" class="search-note" role="status" data-testid="search-note" hidden={!byWords || note.value === ""}>
        {byWords ? note.value : ""}
      </p>
    </search>
  );
}

