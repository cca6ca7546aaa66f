import { useEffect, useState } from "preact/hooks";
import { attempt } from "../app/edits";

/** What the source answers, asked again when one of `on` changes; null until then. */
export function useAnswer<T>(ask: () => Promise<T>, on: readonly unknown[]): T | null {
  const [answer, setAnswer] = useState<T | null>(null);
  useEffect(() => {
    let wanted = true;
    void attempt(async () => {
      const told = await ask();
      if (wanted) setAnswer(() => told);
    });
    return () => {
      wanted = false;
    };
  }, [...on]);
  return answer;
}
