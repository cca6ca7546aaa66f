/** Numbers and dates in words, the same everywhere on the page. */

const whole = new Intl.NumberFormat("en");

export function count(number: number): string {
  return whole.format(number);
}

export function plural(number: number, noun: string, nouns = `${noun}s`): string {
  return `${count(number)} ${number === 1 ? noun : nouns}`;
}

export function percent(share: number | null): string {
  return share === null ? "–" : `${Math.round(share * 100)} %`;
}

export function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "–";
  if (Number.isInteger(value)) return count(value);
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

export function bytes(size: number | null): string {
  if (size === null) return "–";
  const units = ["bytes", "kB", "MB", "GB"];
  const place = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(size, 1)) / 3));
  return `${figure(size / 1000 ** place)} ${units[place]}`;
}

/** The day in local time as a date field has it: 2024-03-05. */
export function day(seconds: number | null): string {
  if (seconds === null) return "–";
  const date = new Date(seconds * 1000);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function moment(seconds: number | null): string {
  if (seconds === null) return "–";
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** What a clock on the wall showed, as seconds in Greenwich: 2024-03-05 14:30. */
export function clock(seconds: number | null): string {
  return seconds === null ? "–" : new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

/** An angle to some metres. */
export function degrees(angle: number | null): string {
  return angle === null ? "–" : `${angle.toFixed(5)}°`;
}

export function duration(seconds: number): string {
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  return `${Math.floor(all / 3600)} h ${Math.floor((all % 3600) / 60)} min`;
}

export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
