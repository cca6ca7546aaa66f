import { IconButton } from "../app/IconButton";
import { narrow } from "../app/search";
import { collection, filter } from "../app/store";

/** The order of images: by path, or by any column in which images have values. */
export function Sort() {
  const current = collection.value;
  const { sort = "path", descending = false } = filter.value;
  if (current === null) return null;
  return (
    <div class="sort-by">
      <label>
        Sort by{" "}
        <select value={sort} data-testid="sort" onChange={(event) => narrow({ sort: event.currentTarget.value })}>
          {current.meta.sorts
            .filter(({ key }) => key === sort || current.columns.includes(key))
            .map(({ key, title }) => (
              <option value={key} key={key}>
                {title}
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
