import { useState } from "preact/hooks";
import { edit } from "../app/edits";
import { collection } from "../app/store";

export function MoveForm({ rows }: { rows: () => number[] }) {
  const [group, setGroup] = useState("");
  const groups = collection.value?.groups ?? [];
  const move = (event: Event) => {
    event.preventDefault();
    void edit({ action: "move", rows: rows(), group: Number(group) });
  };
  if (groups.length === 0) return null;
  return (
    <form class="line-form" onSubmit={move}>
      <select
        aria-label="Group to move to"
        value={group}
        data-testid="move-group"
        onChange={(event) => setGroup(event.currentTarget.value)}
      >
        <option value="">Move to group…</option>
        {groups.map(({ group: number, name }) => (
          <option key={number} value={number}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit" class="button" disabled={group === ""} data-testid="move-apply">
        Move
      </button>
    </form>
  );
}
