import { moveAlong } from "../app/levels";
import { plural } from "../app/format";
import { collection, job, source } from "../app/store";
import type { Level, Tree } from "../data/types";

const HEIGHT = 26; // pixels of the bar of a stability of 1

function wordsOf({ groups, stability, error }: Level): string {
  if (stability === null) return `${plural(groups, "group")}, stability not measured`;
  return `${plural(groups, "group")}, stability ${stability.toFixed(2)} ± ${(error ?? 0).toFixed(2)}`;
}

/** A bar for each level, as high as it is stable. */
function Bars({ levels, level, found }: Tree) {
  return (
    <svg class="level-bars" viewBox={`0 0 ${levels.length} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {levels.map((one, place) => {
        const height = Math.max(1, HEIGHT * Math.max(0, one.stability ?? 0));
        const kind = one.groups === level ? "now" : one.groups === found ? "found" : undefined;
        return (
          <rect key={one.groups} class={kind} x={place + 0.1} y={HEIGHT - height} width={0.8} height={height}>
            <title>{wordsOf(one)}</title>
          </rect>
        );
      })}
    </svg>
  );
}

/** From few groups to many: all levels of the tree of groups, and how stable each is. */
export function LevelSlider() {
  const tree = collection.value?.tree ?? null;
  if (tree === null || !source.editable) return null;
  const now = tree.levels.find(({ groups }) => groups === tree.level);
  const running = job.value?.state === "running";
  return (
    <div class="levels" data-testid="levels">
      <Bars {...tree} />
      <input
        type="range"
        min={2}
        max={tree.levels.length + 1}
        step={1}
        value={tree.level}
        disabled={running}
        aria-label="Number of groups, from coarse to fine"
        aria-valuetext={now === undefined ? plural(tree.level, "group") : wordsOf(now)}
        data-testid="level"
        onInput={(event) => moveAlong(Number(event.currentTarget.value), false)}
        onChange={(event) => moveAlong(Number(event.currentTarget.value), true)}
      />
      <p class="level-ends muted" aria-hidden="true">
        <span>coarse</span>
        <span>fine</span>
      </p>
      <p
        class="muted"
        data-testid="level-words"
        title="Agreement of the groups with those found anew in four random parts of the images (adjusted Rand index)"
      >
        {now === undefined ? plural(tree.level, "group") : wordsOf(now)}
        {tree.level === tree.found ? " (found)" : ""}
      </p>
    </div>
  );
}
