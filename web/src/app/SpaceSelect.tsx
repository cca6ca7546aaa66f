import { openSpace } from "./edits";
import { collection } from "./store";

/** Which set of vectors is shown, where there are several. */
export function SpaceSelect() {
  const { spaces = [], space = null } = collection.value ?? {};
  if (spaces.length === 0) return null;
  return (
    <select
      class="space"
      value={space ?? ""}
      aria-label="Vectors"
      title="Which vectors map, groups and search show"
      data-testid="space"
      onChange={(event) => void openSpace(event.currentTarget.value || null)}
    >
      <option value="">own vectors</option>
      {spaces.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
