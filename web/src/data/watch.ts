import type { Job } from "./types";

const AGAIN_AFTER = 2_000; // milliseconds

/** Tells the job at once and at every change; comes back by itself when the server was away. */
export function watchJobs(url: string, now: () => Promise<Job | null>, told: (job: Job | null) => void): () => void {
  let stream: EventSource | null = null;
  let timer = 0;
  let ended = false;

  function connect(): void {
    const opened = new EventSource(url);
    let heard = false;
    stream = opened;
    opened.onopen = () => {
      // An event that overtook this answer is newer.
      now().then((job) => {
        if (!heard && !ended) told(job);
      }, () => undefined);
    };
    opened.onmessage = (event: MessageEvent<string>) => {
      heard = true;
      told(JSON.parse(event.data));
    };
    opened.onerror = () => {
      // A browser tries again by itself after a lost connection, but not after an answer such as 503.
      if (opened.readyState === EventSource.CLOSED && !ended) timer = window.setTimeout(connect, AGAIN_AFTER);
    };
  }

  connect();
  return () => {
    ended = true;
    window.clearTimeout(timer);
    stream?.close();
  };
}
