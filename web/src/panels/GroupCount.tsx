/** Number of groups as typed; empty means automatic. */
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

export function parseGroups(text: string): number | "auto" {
  return text === "" ? "auto" : Math.round(Number(text));
}
