import { conditionOn, dayOf, endOf, narrowField, rangeOf, rangeWords, secondsOf } from "../../app/fields";
import { figure, plural } from "../../app/format";
import type { FieldBin, FieldFacet } from "../../data/types";
import { Histogram } from "./Histogram";

interface EndProps {
  name: string;
  isDate: boolean;
  value: number | null | undefined;
  least: number;
  most: number;
  set(value: number | null): void;
}

function End({ name, isDate, value, least, most, set }: EndProps) {
  const isEnd = name === "Until";
  const text = value == null ? "" : isDate ? dayOf(value) : String(Number(value.toPrecision(6)));
  const read = (typed: string) => {
    if (typed === "") return null;
    return !isDate ? Number(typed) : isEnd ? endOf(typed) : secondsOf(typed);
  };
  return (
    <label>
      {name}
      <input
        type={isDate ? "date" : "number"}
        step="any"
        min={isDate ? dayOf(least) : undefined}
        max={isDate ? dayOf(most) : undefined}
        placeholder={isDate ? undefined : figure(isEnd ? most : least)}
        value={text}
        onChange={(event) => set(read(event.currentTarget.value))}
      />
    </label>
  );
}

/** A number or a date: a histogram, and the range that is wanted. */
export function RangeFacet({ facet }: { facet: FieldFacet }) {
  const { name, kind, bins } = facet;
  const { low = null, high = null } = conditionOn(name) ?? {};
  const isDate = kind === "date";
  const least = bins[0]?.low ?? 0;
  const most = bins.at(-1)?.high ?? 0;
  const narrowTo = (from: number | null, to: number | null) =>
    narrowField(name, from === null && to === null ? null : { low: from, high: to });
  const words = (bin: FieldBin) => `${rangeWords(bin, isDate)}: ${plural(bin.count, "image")}`;
  const pick = (bin: FieldBin, extend: boolean) => {
    const range = rangeOf(bin, bin.high === most, isDate);
    if (extend) narrowTo(Math.min(low ?? range.low, range.low), Math.max(high ?? range.high, range.high));
    else if (low === range.low && high === range.high) narrowTo(null, null);
    else narrowTo(range.low, range.high);
  };
  return (
    <>
      <Histogram bins={bins} low={low} high={high} words={words} pick={pick} />
      <div class="dates">
        <End name="From" isDate={isDate} value={low} least={least} most={most} set={(from) => narrowTo(from, high)} />
        <End name="Until" isDate={isDate} value={high} least={least} most={most} set={(to) => narrowTo(low, to)} />
      </div>
    </>
  );
}
