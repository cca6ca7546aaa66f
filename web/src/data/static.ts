import { fromBase64, readPoints } from "./bytes";
import { nearestOnMap, selectRows, type Shared } from "./shared";
import { Refused, type Source } from "./source";
import type {
  Collection, Edited, Filter, ImageFacts, Job, Near, Place, Points, Quality, Reconstruction, RowFacts, Sets, Unreadable,
} from "./types";

/** Answers of a static share: what one HTML file carries. Whatever needs the images or the network is refused. */
export class StaticSource implements Source {
  readonly editable = false;
  private readonly onMap: Points;

  constructor(private readonly shared: Shared) {
    this.onMap = readPoints(fromBase64(shared.points).buffer);
  }

  async collection(): Promise<Collection> {
    return this.shared.collection;
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
    return { ...this.facts(row), bytes: null, mode: null, metadata: [], nearest };
  }

  originalUrl(): null {
    return null;
  }

  overlayUrl(): null {
    return null;
  }

  reconstruction(): Promise<Reconstruction> {
    return refuse("reconstruct images");
  }

  reconstructionUrl(): null {
    return null;
  }

  async searchRow(row: number, k: number): Promise<Near[]> {
    return nearestOnMap(this.onMap, row, k);
  }

  searchRegion(): Promise<Near[]> {
    return refuse("search by a part of an image");
  }

  searchFile(): Promise<Near[]> {
    return refuse("search by a file");
  }

  edit(): Promise<Edited> {
    return refuse("change anything");
  }

  async quality(): Promise<Quality> {
    return this.shared.quality;
  }

  async duplicates(): Promise<Sets> {
    return { exact: [], near: [] };
  }

  async unreadable(): Promise<Unreadable[]> {
    return [];
  }

  start(): Promise<Job> {
    return refuse("start anything");
  }

  async stop(): Promise<void> {}

  watch(told: (job: Job | null) => void): () => void {
    told(null);
    return () => undefined;
  }

  places(): Promise<Place> {
    return refuse("look into folders");
  }

  open(): Promise<Collection> {
    return refuse("open another workspace");
  }

  exportFile(): Promise<Blob> {
    return refuse("export");
  }

  exportFolders(): Promise<{ path: string; images: number }> {
    return refuse("export");
  }

  private facts(row: number): RowFacts {
    const { facts } = this.shared;
    const group = this.onMap.group[row] ?? -1;
    return {
      row,
      path: facts.path[row] ?? "",
      width: facts.width[row] ?? 0,
      height: facts.height[row] ?? 0,
      group: group < 0 ? null : group,
      probability: facts.probability[row] ?? null,
      label: facts.label[row] ?? null,
      outlier_score: facts.outlier_score[row] ?? null,
      wrong: false,
      problems: [],
      modified: null,
      suggestion: null,
      suggestion_confidence: null,
      reconstruction_error: null,
      sharpness: null,
      brightness: null,
      duplicate_of: null,
    };
  }
}

function refuse(what: string): Promise<never> {
  return Promise.reject(new Refused(`A shared page cannot ${what}: that needs unpool view.`, 405));
}
