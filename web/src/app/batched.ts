import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

interface Options<T> {
  fetch(rows: number[]): Promise<T[]>;
  atOnce: number; // rows that one request may name
  keep: number; // values kept for rows that are not on the page
  drop?(value: T): void;
  failed(error: unknown): void;
}

const WAIT = 40; // milliseconds in which rows are gathered: one request a view, not one an image

/** Values by row, fetched together for the rows that components hold, the least recently held forgotten first. */
export class Batched<T> {
  readonly version = signal(0);
  private readonly kept = new Map<number, T>();
  private readonly held = new Map<number, number>();
  private readonly done = new Set<number>(); // requested since the last `refresh`
  private age = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private fetching = false;

  constructor(private readonly options: Options<T>) {}

  get(row: number): T | undefined {
    return this.kept.get(row);
  }

  /** Keep this row's value, fetching it if need be, until the returned function is called. */
  hold(row: number): () => void {
    this.held.set(row, (this.held.get(row) ?? 0) + 1);
    const value = this.kept.get(row);
    if (value !== undefined) {
      this.kept.delete(row);
      this.kept.set(row, value);
    }
    if (!this.done.has(row)) this.soon();
    return () => this.release(row);
  }

  /** Fetch all again; what is on the page stays until its news arrive. */
  refresh(): void {
    this.age += 1;
    this.done.clear();
    for (const row of [...this.kept.keys()]) if (!this.held.has(row)) this.remove(row);
    this.soon();
  }

  /** Rows mean other images now. */
  clear(): void {
    this.refresh();
    for (const row of [...this.kept.keys()]) this.remove(row);
    this.version.value += 1;
  }

  private release(row: number): void {
    const left = (this.held.get(row) ?? 1) - 1;
    if (left > 0) this.held.set(row, left);
    else this.held.delete(row);
  }

  private remove(row: number): void {
    const value = this.kept.get(row);
    if (value !== undefined) this.options.drop?.(value);
    this.kept.delete(row);
    this.done.delete(row);
  }

  private soon(): void {
    this.timer ??= setTimeout(() => void this.fetchHeld(), WAIT);
  }

  private async fetchHeld(): Promise<void> {
    this.timer = undefined;
    if (this.fetching) return;
    const rows = [...this.held.keys()].filter((row) => !this.done.has(row)).slice(0, this.options.atOnce);
    if (rows.length === 0) return;
    const age = this.age;
    for (const row of rows) this.done.add(row);
    this.fetching = true;
    try {
      const values = await this.options.fetch(rows);
      if (age === this.age) this.store(rows, values);
      else for (const value of values) this.options.drop?.(value);
      this.soon();
    } catch (error) {
      if (age !== this.age) this.soon();
      else {
        // Requested again by the next holder, not at once: the server may be gone.
        for (const row of rows) this.done.delete(row);
        this.options.failed(error);
      }
    } finally {
      this.fetching = false;
    }
  }

  private store(rows: number[], values: T[]): void {
    rows.forEach((row, place) => {
      const before = this.kept.get(row);
      if (before !== undefined) this.options.drop?.(before);
      this.kept.set(row, values[place] as T);
    });
    for (const row of this.kept.keys()) {
      if (this.kept.size <= this.options.keep + this.held.size) break;
      if (!this.held.has(row)) this.remove(row);
    }
    this.version.value += 1;
  }
}

/** The row's value once it has come; the component is drawn again when it does. */
export function useHeld<T>(values: Batched<T>, row: number): T | undefined {
  void values.version.value;
  useLayoutEffect(() => values.hold(row), [values, row]);
  return values.get(row);
}
