import { narrow } from "../app/search";
import { day } from "../app/format";
import { collection, filter, source } from "../app/store";

/** The first moment of a day here, or of a later one, in seconds since 1970. */
function seconds(text: string, later = 0): number | undefined {
  const date = new Date(`${text}T00:00`);
  date.setDate(date.getDate() + later);
  return text === "" || Number.isNaN(date.getTime()) ? undefined : date.getTime() / 1000;
}

function Day({ name, at, change }: { name: string; at: number | undefined; change(text: string): void }) {
  const { first, last } = collection.value?.dates ?? { first: null, last: null };
  return (
    <label>
      {name}
      <input
        type="date"
        min={first === null ? undefined : day(first)}
        max={last === null ? undefined : day(last)}
        value={at === undefined ? "" : day(at)}
        onChange={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

/** From the first moment of a day to the last of another. */
export function Dates() {
  const { first = null, last = null } = collection.value?.dates ?? {};
  if (!source.editable || first === null || last === null || day(first) === day(last)) return null;
  const { from, to } = filter.value;
  const until = (text: string) => {
    const next = seconds(text, 1);
    narrow({ to: next === undefined ? undefined : next - 0.001 });
  };
  return (
    <section class="side-section" aria-labelledby="dates-title">
      <h2 id="dates-title">Dates</h2>
      <div class="dates">
        <Day name="From" at={from} change={(text) => narrow({ from: seconds(text) })} />
        <Day name="Until" at={to} change={until} />
      </div>
    </section>
  );
}
