import { useEffect, useState } from "preact/hooks";
import { attempt } from "../app/edits";
import { collection } from "../app/store";

/**
 * The answer of the source, fetched again when one of `dependencies` changes. Null until the first answer, and while
 * the answer belongs to rows that have changed their place.
 */
export function useFetched<T>(fetch: () => Promise<T>, dependencies: readonly unknown[]): T | null {
  const [answer, setAnswer] = useState<{ value: T; revision: number | undefined } | null>(null);
  const revision = collection.value?.revision;
  useEffect(() => {
    let isCurrent = true;
    void attempt(async () => {
      const value = await fetch();
      if (isCurrent) setAnswer({ value, revision });
    });
    return () => {
      isCurrent = false;
    };
  }, [...dependencies]);
  return answer !== null && answer.revision === revision ? answer.value : null;
}
