import { narrow } from "../app/finding";
import { IconButton } from "../app/IconButton";
import { collection, filter, source } from "../app/store";
import type { Collection, SortKey } from "../data/types";

const KEYS: readonly { key: SortKey; name: string; known(collection: Collection): boolean }[] = [
  { key: "path", name: "path", known: () => true },
  { key: "probability", name: "confidence in the group", known: () => true },
  { key: "modified", name: "date", known: ({ dates }) => source.editable && dates.first !== null },
  { key: "outlier_score", name: "outlier score", known: ({ checked }) => checked },
  { key: "reconstruction_error", name: "reconstruction error", known: ({ checked, has }) => source.editable && checked && has.mirror },
  { key: "sharpness", name: "sharpness", known: ({ checked }) => source.editable && checked },
  { key: "brightness", name: "brightness", known: ({ checked }) => source.editable && checked },
  { key: "suggestion_confidence", name: "suggested labels", known: ({ problems }) => source.editable && problems.suggested > 0 },
];

export function Sort() {
  const current = collection.value;
  const { sort = "path", descending = false } = filter.value;
  if (current === null) return null;
  return (
    <div class="sort-by">
      <label>
        Sort by{" "}
        <select
          value={sort}
          data-testid="sort"
          onChange={(event) => narrow({ sort: event.currentTarget.value as SortKey })}
        >
          {KEYS.filter(({ key, known }) => key === sort || known(current)).map(({ key, name }) => (
            <option value={key} key={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <IconButton
        icon={descending ? "down" : "up"}
        name={descending ? "Largest first" : "Smallest first"}
        testid="sort-direction"
        onClick={() => narrow({ descending: !descending })}
      />
    </div>
  );
}
