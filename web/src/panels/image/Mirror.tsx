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
const PAUSE = 200; // milliseconds: whoever leafs through images does not want each reconstructed

/** What the network makes of the image, beside what it was given. */
export function Mirror({ row }: { row: number }) {
  const [told, setTold] = useState<{ row: number; of: Reconstruction } | null>(null);
  useEffect(() => {
    let wanted = true;
    const ask = async () => {
      const of = await source.reconstruction(row);
      if (wanted) setTold({ row, of });
    };
    const timer = setTimeout(() => void attempt(ask), PAUSE);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [row]);
  const known = told?.row === row ? told.of : null;
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
