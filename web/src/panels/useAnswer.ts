import { useEffect, useState } from "preact/hooks";
import { attempt } from "../app/edits";
import { collection } from "../app/store";

/**
 * What the source answers, asked again when one of `on` changes; null until it has come for the first time, and while
 * the answer there is speaks of rows that have changed their place.
 */
export function useAnswer<T>(ask: () => Promise<T>, on: readonly unknown[]): T | null {
  const [answer, setAnswer] = useState<{ told: T; revision: number | undefined } | null>(null);
  const revision = collection.value?.revision;
  useEffect(() => {
    let wanted = true;
    void attempt(async () => {
      const told = await ask();
      if (wanted) setAnswer({ told, revision });
    });
    return () => {
      wanted = false;
    };
  }, [...on]);
  return answer !== null && answer.revision === revision ? answer.told : null;
}
