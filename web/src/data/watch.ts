import type { Job } from "./types";

const RETRY_DELAY = 2_000; // milliseconds

/** Report the job at once and at every change; reconnects by itself when the server was away. */
export function watchJobs(url: string, now: () => Promise<Job | null>, report: (job: Job | null) => void): () => void {
  let stream: EventSource | null = null;
  let timer = 0;
  let ended = false;

  function connect(): void {
    const opened = new EventSource(url);
    let hasEvent = false;
    stream = opened;
    opened.onopen = () => {
      // An event that overtook this answer is newer.
      now().then((job) => {
        if (!hasEvent && !ended) report(job);
      }, () => undefined);
    };
    opened.onmessage = (event: MessageEvent<string>) => {
      hasEvent = true;
      report(JSON.parse(event.data));
    };
    opened.onerror = () => {
      // A browser tries again by itself after a lost connection, but not after an answer such as 503.
      if (opened.readyState === EventSource.CLOSED && !ended) timer = window.setTimeout(connect, RETRY_DELAY);
    };
  }

  connect();
  return () => {
    ended = true;
    window.clearTimeout(timer);
    stream?.close();
  };
}
