import { collection } from "../app/store";
import type { ProblemMeta } from "../data/types";

/** The kinds of problems that the server knows, in its order. */
export function problemKinds(): readonly ProblemMeta[] {
  return collection.value?.meta.problems ?? [];
}

export function problemKind(name: string): ProblemMeta | undefined {
  return problemKinds().find((kind) => kind.name === name);
}

export function problemTitle(name: string): string {
  return problemKind(name)?.title ?? name;
}
