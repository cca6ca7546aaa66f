import { useHeld } from "./batched";
import { thumbs } from "./caches";

/** The row's thumbnail. Whatever it stands in says what it shows. */
export function Thumb({ row }: { row: number }) {
  const url = useHeld(thumbs, row);
  if (url) return <img class="thumb" src={url} alt="" draggable={false} decoding="async" />;
  return <span class={url === null ? "thumb none" : "thumb"}>{url === null && "no picture"}</span>;
}
