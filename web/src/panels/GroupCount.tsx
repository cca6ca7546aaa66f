/** Number of groups as typed. */
export function GroupCount({ value, choose }: { value: string; choose(text: string): void }) {
  return (
    <label class="field">
      Groups
      <input
        type="number"
        min={2}
        max={100000}
        value={value}
        placeholder="auto"
        onInput={(event) => choose(event.currentTarget.value)}
      />
    </label>
  );
}

/** Read the number; empty means automatic. */
export function parseGroups(text: string): number | "auto" {
  return text === "" ? "auto" : Math.round(Number(text));
}
