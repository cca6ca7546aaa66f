import { clock } from "../app/format";
import { fromBase64, readPoints } from "./bytes";
import { nearestOnMap, pathsOf, placesOf, selectRows, type Shared } from "./shared";
import { Refused, type Source } from "./source";
import type {
  Cleaned, CleanPlan, Collection, Edited, Exported, Fields, Filter, FoundByWords, ImageFacts, ImageVerdict, Job, Mislabelled, Near, Place, Points,
  Quality, Reading, Reconstruction, Restored, RowFacts, Sets, Teaching, ThresholdMove, Unreadable,
} from "./types";

/** Answers of a static share: what one HTML file carries. Whatever needs the network or vectors fails. */
export class StaticSource implements Source {
  readonly editable = false;
  readonly note: string | null;
  private readonly onMap: Points;
  private readonly wordsOf = new Map<number, string[]>(); // the problems of a row

  constructor(private readonly shared: Shared) {
    this.note = shared.note;
    this.onMap = readPoints(fromBase64(shared.points).buffer);
    for (const { name, word, needs_check } of shared.collection.meta.problems) {
      if (!needs_check) continue;
      for (const row of shared.problems[name] ?? []) this.wordsOf.set(row, [...(this.wordsOf.get(row) ?? []), word]);
    }
  }

  /** Of its columns those that this file carries. */
  async collection(): Promise<Collection> {
    const { collection, facts } = this.shared;
    const isCarried = (column: string) => column in facts || column === "group" || column === "wrong";
    return { ...collection, columns: collection.columns.filter(isCarried) };
  }

  async points(): Promise<Points> {
    return this.onMap;
  }

  async thumbnails(rows: number[]): Promise<(Blob | null)[]> {
    return rows.map((row) => {
      const text = this.shared.thumbnails[row];
      return text === undefined ? null : new Blob([fromBase64(text)], { type: "image/webp" });
    });
  }

  async select(filter: Filter): Promise<Uint32Array> {
    return selectRows(this.shared, this.onMap, filter);
  }

  async rows(rows: number[]): Promise<RowFacts[]> {
    return rows.map((row) => this.facts(row));
  }

  async image(row: number): Promise<ImageFacts> {
    const nearest = nearestOnMap(this.onMap, row, 12);
    return { ...this.facts(row), bytes: null, mode: null, id: null, metadata: [], fields: this.fieldsOf(row), nearest, scale_note: null };
  }

  originalUrl(row: number): string | null {
    const { originals } = this.shared;
    const path = pathsOf(this.shared)[row];
    // Only a page opened from disk has the originals beside it.
    if (originals === null || path === undefined || location.protocol !== "file:") return null;
    return `${originals}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  overlayUrl(): null {
    return null;
  }

  reconstruction(): Promise<Reconstruction> {
    return reject("reconstruct images");
  }

  reconstructionUrl(): null {
    return null;
  }

  async searchRow(row: number, k: number): Promise<Near[]> {
    return nearestOnMap(this.onMap, row, k);
  }

  searchRegion(): Promise<Near[]> {
    return reject("search by a part of an image");
  }

  searchFile(): Promise<Near[]> {
    return reject("search by a file");
  }

  searchWords(): Promise<FoundByWords> {
    return reject("search by words");
  }

  edit(): Promise<Edited> {
    return reject("change anything");
  }

  teach(): Promise<Teaching> {
    return reject("be taught");
  }

  mislabelled(): Promise<Mislabelled> {
    return reject("judge labels");
  }

  verdicts(): Promise<ImageVerdict[]> {
    return reject("inspect images");
  }

  heat(): Promise<Blob> {
    return reject("inspect images");
  }

  previewMove(): Promise<ThresholdMove> {
    return reject("inspect images");
  }

  async fields(): Promise<Fields> {
    return this.shared.fields ?? { fields: [], saved: [] };
  }

  async codes(field: string): Promise<Int32Array> {
    return placesOf(this.shared, field);
  }

  planCleaning(): Promise<CleanPlan> {
    return reject("clean up");
  }

  clean(): Promise<Cleaned> {
    return reject("clean up");
  }

  restore(): Promise<Restored> {
    return reject("clean up");
  }

  async quality(): Promise<Quality> {
    return this.shared.quality;
  }

  async duplicates(): Promise<Sets> {
    return this.shared.sets;
  }

  async unreadable(): Promise<Unreadable[]> {
    return this.shared.unreadable;
  }

  async reading(): Promise<Reading> {
    return this.shared.reading;
  }

  start(): Promise<Job> {
    return reject("start anything");
  }

  async stop(): Promise<void> {}

  watch(report: (job: Job | null) => void): () => void {
    report(null);
    return () => undefined;
  }

  places(): Promise<Place> {
    return reject("look into folders");
  }

  open(): Promise<Collection> {
    return reject("open another workspace");
  }

  openSpace(): Promise<Collection> {
    return reject("show another set of vectors");
  }

  exportFile(): Promise<Blob> {
    return reject("export");
  }

  exportFolders(): Promise<Exported> {
    return reject("export");
  }

  private figuresOf(row: number): Record<string, number> {
    const found = Object.entries(this.shared.figures).map(([kind, figures]) => [kind, figures[row]] as const);
    return Object.fromEntries(found.filter((one): one is readonly [string, number] => one[1] !== undefined));
  }

  private fieldsOf(row: number): [string, string][] {
    return (this.shared.fields?.fields ?? []).flatMap(({ name, kind, values }): [string, string][] => {
      const value = this.shared.fields?.values[name]?.[row] ?? null;
      if (value === null) return [];
      if (typeof value !== "number") return [[name, value.map((place) => values[place]?.name ?? "").join("; ")]];
      return [[name, kind === "date" ? clock(value) : String(value)]];
    });
  }

  private facts(row: number): RowFacts {
    const group = this.onMap.group[row] ?? -1;
    const facts = {
      row,
      path: "",
      group: group < 0 ? null : group,
      wrong: (this.shared.problems.wrong ?? []).includes(row),
      duplicate_of: null,
      problems: this.wordsOf.get(row) ?? [],
      figures: this.figuresOf(row),
    };
    const carried = Object.entries(this.shared.facts).map(([column, values]) => [column, values[row] ?? null]);
    // A column that is not carried is absent: `valueOf` reads it as null.
    return { ...facts, ...Object.fromEntries(carried) } as RowFacts;
  }
}

function reject(what: string): Promise<never> {
  return Promise.reject(new Refused(`A shared page cannot ${what}: that needs unpool view.`, 405));
}
