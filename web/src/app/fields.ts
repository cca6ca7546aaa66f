import { computed, effect, signal } from "@preact/signals";
import { colourByCode, type Colouring } from "../map/colours";
import type { FieldBin, FieldCondition, FieldFacet, Fields } from "../data/types";
import { attempt } from "./edits";
import { figure } from "./format";
import { colourBy } from "./mapState";
import { narrow } from "./search";
import { collection, filter, source } from "./store";

/** What people and cameras say about the images, and the conditions of the filter on it. */

export const fields = signal<Fields | null>(null);

export const facets = computed<readonly FieldFacet[]>(() => fields.value?.fields ?? []);

/** Fetch the fields again whenever the collection changes; returns how to end it. */
export function followFields(): () => void {
  let latest = 0;
  return effect(() => {
    if (collection.value === null) return;
    const request = ++latest;
    queueMicrotask(
      () =>
        void attempt(async () => {
          const answer = await source.fields();
          if (request === latest) fields.value = answer;
        }),
    );
  });
}

/** The colours of its values, or of its ranges. */
export function coloursOf({ values, bins }: FieldFacet): string[] {
  return (values.length > 0 ? values : bins).map(({ colour }) => colour);
}

/** What the map is coloured by; by groups where the field has gone. */
export const colouring = signal<"group" | "label" | Colouring>("group");

/** Fetch the codes of the field that the map is coloured by; returns how to end it. */
export function followColours(): () => void {
  let latest = 0;
  return effect(() => {
    const by = colourBy.value;
    const facet = typeof by === "string" ? undefined : facets.value.find(({ name }) => name === by.field);
    const request = ++latest;
    if (facet === undefined) {
      colouring.value = by === "label" ? "label" : "group";
      return;
    }
    queueMicrotask(
      () =>
        void attempt(async () => {
          const code = await source.codes(facet.name);
          if (request === latest) colouring.value = colourByCode(code, coloursOf(facet));
        }),
    );
  });
}

export function conditionOn(name: string): FieldCondition | undefined {
  return filter.value.fields?.find((one) => one.name === name);
}

/** Set the condition on a field, or remove it; those on others stay. */
export function narrowField(name: string, condition: Omit<FieldCondition, "name"> | null): void {
  const others = filter.value.fields?.filter((one) => one.name !== name) ?? [];
  const all = condition === null ? others : [...others, { name, ...condition }];
  narrow({ fields: all.length > 0 ? all : undefined });
}

/** Add a value to those wanted of a field, or take it away. */
export function toggleValue(name: string, value: string): void {
  const before = conditionOn(name)?.any ?? [];
  const without = before.filter((other) => other !== value);
  const any = without.length < before.length ? without : [...before, value];
  narrowField(name, any.length > 0 ? { any } : null);
}

const DAY = 86_400; // seconds
const MONTH = 27 * DAY; // at least
const YEAR = 360 * DAY;

/** Dates of fields are what a clock on the wall showed, as if it stood in Greenwich. */
export const dayOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);

export function secondsOf(day: string): number | null {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? null : at / 1000;
}

/** The last moment of a day: ranges hold both of their ends. */
export function endOf(day: string): number | null {
  const at = secondsOf(day);
  return at === null ? null : at + DAY - 0.001;
}

/** The values that a bar of a histogram stands for: of whole numbers the number itself. */
export function rangeOf({ low, high }: FieldBin, isLast: boolean, isDate: boolean): { low: number; high: number } {
  const middle = (low + high) / 2;
  if (!isDate && high - low === 1 && Number.isInteger(middle)) return { low: middle, high: middle };
  return { low, high: isLast ? high : before(high, isDate) };
}

/** A range in words, dates as precisely as the range is wide: `2024-03`. */
export function rangeWords(bin: FieldBin, isDate: boolean): string {
  const { low, high } = rangeOf(bin, false, isDate);
  const width = bin.high - bin.low;
  const letters = width < DAY ? 16 : width < MONTH ? 10 : width < YEAR ? 7 : 4;
  const write = (value: number) =>
    isDate ? new Date(value * 1000).toISOString().slice(0, letters).replace("T", " ") : figure(value);
  return write(low) === write(high) ? write(low) : `${write(low)} to ${write(high)}`;
}

/** The last value before the next range of a histogram begins. */
export function before(edge: number, isDate: boolean): number {
  return isDate ? edge - 0.001 : edge - Math.abs(edge) * 1e-9 - 1e-12;
}

/** A condition in words: `weight: 2 to 5`. */
export function wordsOf({ name, any, low, high, missing }: FieldCondition): string {
  if (any) return `${name}: ${any.join(" or ")}`;
  const isDate = facets.value.find((facet) => facet.name === name)?.kind === "date";
  if (missing) return `without ${name}`;
  if (low != null && low === high) return `${name}: ${isDate ? dayOf(low) : figure(low)}`;
  const from = low == null ? "" : ` from ${isDate ? dayOf(low) : figure(low)}`;
  const until = high == null ? "" : ` until ${isDate ? dayOf(high) : figure(high)}`;
  return `${name}:${from}${until}`;
}
