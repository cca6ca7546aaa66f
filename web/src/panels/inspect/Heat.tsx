import { useHeld } from "../../app/batched";
import { heats } from "../../app/inspection";

/** The heat map over an image, as large as it is given room; why there is none, else. */
export function Heat({ row, opacity = 1, name }: { row: number; opacity?: number; name: string }) {
  const picture = useHeld(heats, row);
  if (picture === undefined) return <span class="heat-wait" role="status">Inspecting…</span>;
  if ("reason" in picture) return <span class="heat-none" role="note">{picture.reason}</span>;
  return <img class="heat" src={picture.url} alt={name} style={{ opacity }} draggable={false} data-testid="heat" />;
}
