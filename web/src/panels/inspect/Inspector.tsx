import type { ComponentChildren } from "preact";
import { edit } from "../../app/edits";
import { count, figure, plural } from "../../app/format";
import { BAD_WAYS, badWay, GOOD_WAYS, goodWay, inspectAgain, keepWays, learn, type Way } from "../../app/inspection";
import { start } from "../../app/jobs";
import { job, source } from "../../app/store";
import type { Inspection } from "../../data/types";
import { share } from "./Verdict";

interface WayProps<W extends string> {
  title: string;
  ways: [string, string][];
  value: W;
  testid: string;
  choose(way: W): void;
}

function Ways<W extends string>({ title, ways, value, testid, choose }: WayProps<W>) {
  return (
    <label class="way">
      {title}
      <select
        value={value}
        data-testid={testid}
        onChange={(event) => {
          choose(event.currentTarget.value as W);
          keepWays();
        }}
      >
        {ways.map(([way, words]) => (
          <option value={way} key={way}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function Threshold({ of }: { of: Inspection }) {
  const { alarms, requested } = of;
  return (
    <p>
      A score above <strong data-testid="threshold">{figure(of.threshold)}</strong> is not good
      {of.is_moved && (
        <>
          {" "}
          (the model's own: {figure(of.own_threshold)}
          {source.editable && (
            <>
              ,{" "}
              <button type="button" class="link" data-testid="own-threshold" onClick={() => void edit({ action: "threshold", value: null })}>
                use that
              </button>
            </>
          )}
          )
        </>
      )}
      .{" "}
      {alarms !== null && (
        <span class="muted">
          Of {count(alarms.images)} good images {share(alarms.rate)} lie above it (95 %: {share(alarms.low)} to{" "}
          {share(alarms.high)}); {share(requested)} was asked for.
        </span>
      )}
    </p>
  );
}

function Hint({ children, action, name, testid }: { children: ComponentChildren; action?: () => void; name?: string; testid: string }) {
  const running = job.value?.state === "running";
  return (
    <div class="notice" role="note" data-testid={testid}>
      <p>{children}</p>
      {action !== undefined && source.editable && (
        <button type="button" class="button" disabled={running} onClick={action}>
          {running ? "A job is running…" : name}
        </button>
      )}
    </div>
  );
}

/** Which inspector has seen these images, what its threshold promises, and what a person's word does. */
export function Inspector({ of }: { of: Inspection }) {
  const goodWays = Object.entries(GOOD_WAYS).filter(([way]) => way !== "memory" || of.can_learn);
  const value: Way = goodWay.value === "memory" && !of.can_learn ? "word" : goodWay.value;
  const wasSaid = of.called_good + of.called_not_good;
  return (
    <>
      {of.state === "gone" && <Hint testid="inspector-gone">{of.note}</Hint>}
      {of.state === "changed" && (
        <Hint testid="inspector-changed" action={() => void inspectAgain()} name="Inspect again">
          The model has changed since it saw these images.
        </Hint>
      )}
      {of.state === "ready" && of.unscored > 0 && (
        <Hint testid="inspector-unscored" action={() => void start("check")} name="Check">
          {plural(of.unscored, "image has", "images have")} not been inspected yet.
        </Hint>
      )}
      {of.pending > 0 && of.can_learn && goodWay.value === "memory" && job.value?.state !== "running" && (
        <Hint testid="inspector-pending" action={() => void learn()} name="Add to the memory">
          {plural(of.pending, "good image is", "good images are")} not in the model's memory yet.
        </Hint>
      )}
      <section class="inspector" aria-label="Inspector" data-testid="inspector">
        <p class="muted" title={of.model}>
          Inspector <strong>{of.name}</strong>, {plural(of.scored, "image")} scored
          {wasSaid > 0 && `; you called ${count(of.called_good)} good and ${count(of.called_not_good)} not good`}
        </p>
        <Threshold of={of} />
        {source.editable && (
          <div class="ways">
            <Ways
              title="Good, but called not good:"
              ways={goodWays}
              value={value}
              testid="good-way"
              choose={(way) => (goodWay.value = way)}
            />
            <Ways
              title="Not good, but called good:"
              ways={Object.entries(BAD_WAYS)}
              value={badWay.value}
              testid="bad-way"
              choose={(way) => (badWay.value = way)}
            />
          </div>
        )}
      </section>
    </>
  );
}
