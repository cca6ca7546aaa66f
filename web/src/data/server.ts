import { readPoints, readThumbnails } from "./bytes";
import { Refused, type Source } from "./source";
import type {
  Cleaned, CleanPlan, Collection, Edit, Edited, Exported, Fields, Filter, FoundByWords, ImageFacts, ImageVerdict, Job, JobKind, Mislabelled, Near, Place, Points,
  Quality, Reading, Reconstruction, Restored, RowFacts, Sets, Teaching, ThresholdMove, Unreadable,
} from "./types";
import { watchJobs } from "./watch";

const QUEUE = 16; // images to teach that are known ahead
const MOST = 1000;

/** Answers of `unpool view`. Addresses are relative, so that it also works behind a proxy that adds a prefix. */
export class ServerSource implements Source {
  readonly editable = true;
  readonly note = null;
  private revision: number | null = null;

  constructor(private readonly token: string) {}

  collection(): Promise<Collection> {
    return this.json<Collection>("api/collection").then((collection) => this.remember(collection));
  }

  async points(): Promise<Points> {
    return readPoints(await (await this.request(`api/points?revision=${await this.currentRevision()}`)).arrayBuffer());
  }

  async thumbnails(rows: number[]): Promise<(Blob | null)[]> {
    return readThumbnails(await (await this.post("api/thumbnails", { rows })).arrayBuffer());
  }

  async select(filter: Filter): Promise<Uint32Array> {
    return new Uint32Array(await (await this.post("api/select", filter)).arrayBuffer());
  }

  rows(rows: number[]): Promise<RowFacts[]> {
    return this.postJson("api/rows", { rows });
  }

  async image(row: number): Promise<ImageFacts> {
    return this.json(`api/images/${row}?revision=${await this.currentRevision()}`);
  }

  originalUrl(row: number): string {
    return this.imageUrl(row, "original");
  }

  overlayUrl(row: number, scaled: boolean): string {
    return this.imageUrl(row, "overlay") + (scaled ? "&scaled=true" : "");
  }

  async reconstruction(row: number): Promise<Reconstruction> {
    return this.json(`api/images/${row}/reconstruction?revision=${await this.currentRevision()}`);
  }

  reconstructionUrl(row: number, part: "input" | "output" | "error"): string {
    return this.imageUrl(row, `reconstruction/${part}`);
  }

  searchRow(row: number, k: number): Promise<Near[]> {
    return this.postJson("api/search/row", { row, k });
  }

  searchRegion(row: number, box: [number, number, number, number], k: number): Promise<Near[]> {
    return this.postJson("api/search/region", { row, box, k });
  }

  async searchFile(file: Blob, k: number): Promise<Near[]> {
    const headers = { "Content-Type": "application/octet-stream", "X-Unpool-Token": this.token };
    const url = `api/search/file?revision=${await this.currentRevision()}&k=${k}`;
    return (await this.request(url, { method: "POST", headers, body: file })).json();
  }

  async searchWords(text: string, row: number | null, k: number, signal: AbortSignal): Promise<FoundByWords> {
    return (await this.post("api/search/words", { text, row, k }, signal)).json();
  }

  async edit(edit: Edit): Promise<Edited> {
    const edited = await this.postJson<Edited>("api/edit", edit);
    this.remember(edited.collection);
    return edited;
  }

  async teach(skipped: number): Promise<Teaching> {
    return this.json(`api/teach?revision=${await this.currentRevision()}&k=${Math.min(MOST, QUEUE + skipped)}`);
  }

  async mislabelled(): Promise<Mislabelled> {
    return this.json(`api/mislabelled?revision=${await this.currentRevision()}`);
  }

  verdicts(rows: number[]): Promise<ImageVerdict[]> {
    return this.postJson("api/inspection/images", { rows });
  }

  async heat(row: number): Promise<Blob> {
    return (await this.request(this.imageUrl(row, "inspection/overlay"))).blob();
  }

  previewMove(rows: number[], verdict: "good" | "not good"): Promise<ThresholdMove> {
    return this.postJson("api/inspection/preview", { rows, verdict });
  }

  async fields(): Promise<Fields> {
    return this.json(`api/fields?revision=${await this.currentRevision()}`);
  }

  async codes(field: string): Promise<Int32Array> {
    const url = `api/fields/codes?revision=${await this.currentRevision()}&name=${encodeURIComponent(field)}`;
    return new Int32Array(await (await this.request(url)).arrayBuffer());
  }

  planCleaning(problem: string, keep: string): Promise<CleanPlan> {
    return this.postJson("api/clean/plan", { problem, keep });
  }

  clean(token: string, to: string): Promise<Cleaned> {
    return this.postJson("api/clean", { token, to });
  }

  restore(manifest: string): Promise<Restored> {
    return this.postJson("api/clean/undo", { manifest });
  }

  quality(): Promise<Quality> {
    return this.json("api/quality");
  }

  async duplicates(): Promise<Sets> {
    return this.json(`api/duplicates?revision=${await this.currentRevision()}`);
  }

  unreadable(): Promise<Unreadable[]> {
    return this.json("api/unreadable");
  }

  reading(): Promise<Reading> {
    return this.json("api/reading");
  }

  async start(kind: JobKind, options: Record<string, string | number | boolean>): Promise<Job> {
    return (await this.send("api/jobs", { kind, options })).json();
  }

  async stop(): Promise<void> {
    await this.send("api/job/stop", {});
  }

  watch(report: (job: Job | null) => void): () => void {
    return watchJobs("api/events", () => this.json<Job | null>("api/job"), report);
  }

  places(folder: string): Promise<Place> {
    return this.json(`api/places?folder=${encodeURIComponent(folder)}`);
  }

  async open(work: string): Promise<Collection> {
    return this.remember(await (await this.send("api/open", { work })).json());
  }

  async openSpace(space: string | null): Promise<Collection> {
    return this.remember(await (await this.send("api/space", { space })).json());
  }

  async exportFile(to: string, rows: number[] | null): Promise<Blob> {
    return (await this.post("api/export", { to, rows })).blob();
  }

  exportFolders(to: string, name: string, rows: number[] | null, link: boolean): Promise<Exported> {
    return this.postJson("api/export/folders", { to, name, rows, link });
  }

  private remember(collection: Collection): Collection {
    this.revision = collection.revision;
    return collection;
  }

  private async currentRevision(): Promise<number> {
    return this.revision ?? (await this.collection()).revision;
  }

  private imageUrl(row: number, part: string): string {
    return `api/images/${row}/${part}?revision=${this.revision ?? 0}`;
  }

  private async json<Answer>(url: string): Promise<Answer> {
    return (await this.request(url)).json();
  }

  private async postJson<Answer>(url: string, body: object): Promise<Answer> {
    return (await this.post(url, body)).json();
  }

  /** Post a request that names rows, with the revision that they are of. */
  private async post(url: string, body: object, signal?: AbortSignal): Promise<Response> {
    return this.send(url, { revision: await this.currentRevision(), ...body }, signal);
  }

  private send(url: string, body: object, signal?: AbortSignal): Promise<Response> {
    const headers = { "Content-Type": "application/json", "X-Unpool-Token": this.token };
    return this.request(url, { method: "POST", headers, body: JSON.stringify(body), signal: signal ?? null });
  }

  private async request(url: string, options?: RequestInit): Promise<Response> {
    const answer = await fetch(url, options).catch(() => {
      throw new Refused("unpool view does not answer. Is it still running?", 0);
    });
    if (!answer.ok) throw new Refused(await reasonOf(answer), answer.status);
    return answer;
  }
}

async function reasonOf(answer: Response): Promise<string> {
  const body = await answer.json().catch(() => null);
  return typeof body?.detail === "string" ? body.detail : `unpool view answered ${answer.status} ${answer.statusText}`;
}
