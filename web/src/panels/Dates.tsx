import { narrow } from "../app/finding";
import { day } from "../app/format";
import { collection, filter, source } from "../app/store";

const DAY = 24 * 3600;

function seconds(text: string): number | undefined {
  const time = text === "" ? Number.NaN : new Date(`${text}T00:00`).getTime();
  return Number.isNaN(time) ? undefined : time / 1000;
}

/** From the first moment of a day to the last of another. */
export function Dates() {
  const { first = null, last = null } = collection.value?.dates ?? {};
  if (!source.editable || first === null || last === null || day(first) === day(last)) return null;
  const { from, to } = filter.value;
  const until = (text: string) => {
    const start = seconds(text);
    narrow({ to: start === undefined ? undefined : start + DAY - 1 });
  };
  return (
    <section class="side-section" aria-labelledby="dates-title">
      <h2 id="dates-title">Dates</h2>
      <div class="dates">
        <label>
          From
          <input
            type="date"
            min={day(first)}
            max={day(last)}
            value={from === undefined ? "" : day(from)}
            onChange={(event) => narrow({ from: seconds(event.currentTarget.value) })}
          />
        </label>
        <label>
          Until
          <input
            type="date"
            min={day(first)}
            max={day(last)}
            value={to === undefined ? "" : day(to)}
            onChange={(event) => until(event.currentTarget.value)}
          />
        </label>
      </div>
    </section>
  );
}
