import { useEffect, useState } from "preact/hooks";
import { attempt } from "../../app/edits";
import { figure } from "../../app/format";
import { source } from "../../app/store";
import type { Reconstruction } from "../../data/types";

const PARTS = [
  { part: "input", name: "Input" },
  { part: "output", name: "Output" },
  { part: "error", name: "Error map" },
] as const;
const DELAY = 200; // milliseconds: paging quickly through images reconstructs none of them

/** The reconstruction of an image beside the network's input. */
export function Mirror({ row }: { row: number }) {
  const [shown, setShown] = useState<{ row: number; of: Reconstruction } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const load = async () => {
      const of = await source.reconstruction(row);
      if (isCurrent) setShown({ row, of });
    };
    const timer = setTimeout(() => void attempt(load), DELAY);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [row]);
  const known = shown?.row === row ? shown.of : null;
  return (
    <section aria-labelledby="mirror-title" data-testid="reconstruction">
      <h3 id="mirror-title">
        Reconstruction
        {known !== null && (
          <span class="muted">
            {" "}
            mse {figure(known.mse)}
            {known.psnr !== null && `, psnr ${figure(known.psnr)} dB`}
          </span>
        )}
      </h3>
      <div class="mirror">
        {PARTS.map(({ part, name }) => {
          const url = known === null ? null : source.reconstructionUrl(row, part);
          return (
            <figure key={part}>
              {url === null ? <span class="thumb" /> : <img src={url} alt={`${name} of the reconstruction`} />}
              <figcaption>{name}</figcaption>
            </figure>
          );
        })}
      </div>
    </section>
  );
}
