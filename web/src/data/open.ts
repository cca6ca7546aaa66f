import { ServerSource } from "./server";
import type { Source } from "./source";
import { StaticSource } from "./static";

/** Open the source of this page: the data in it, or the server it came from. */
export function openSource(): Source {
  const shared = document.getElementById("unpool-static");
  if (shared !== null) return new StaticSource(JSON.parse(shared.textContent ?? ""));
  return new ServerSource(document.querySelector<HTMLMetaElement>('meta[name="unpool-token"]')?.content ?? "");
}
