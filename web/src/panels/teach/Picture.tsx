import { useState } from "preact/hooks";
import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { source } from "../../app/store";
import { Thumb } from "../../app/Thumb";

/** The image as large as there is room; its thumbnail until it has come. */
export function Picture({ row }: { row: number }) {
  const [failed, setFailed] = useState(false);
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  const url = source.originalUrl(row);
  return (
    <div class="teach-picture" data-testid="teach-picture">
      <Thumb row={row} />
      {url !== null && !failed && <img class="original" src={url} alt={path} draggable={false} onError={() => setFailed(true)} />}
    </div>
  );
}
