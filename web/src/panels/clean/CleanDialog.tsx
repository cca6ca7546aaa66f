import { useEffect, useState } from "preact/hooks";
import { attempt, load } from "../../app/edits";
import { bytes, count, plural } from "../../app/format";
import { Modal } from "../../app/Modal";
import { source } from "../../app/store";
import type { Cleaned, CleanPlan } from "../../data/types";
import { Choice } from "../Choice";
import { problemTitle } from "../problems";
import { Stack } from "./Stack";

const KEEP = [
  { value: "best", name: "The best", about: "the sharpest of the largest" },
  { value: "largest", name: "The largest", about: "in pixels, then in bytes" },
  { value: "oldest", name: "The oldest", about: "by the time of its file" },
  { value: "first", name: "The first", about: "by its path" },
] as const;
const TO = [
  { value: "trash", name: "The trash of the system" },
  { value: "folder", name: "A folder of the workspace" },
] as const;
const FIRST = 60; // stacks shown

type Keep = (typeof KEEP)[number]["value"];
type To = (typeof TO)[number]["value"];

function Plan({ plan }: { plan: CleanPlan }) {
  const { stacks, images } = plan;
  return (
    <>
      <p role="status" data-testid="clean-plan">
        {plural(images, "image")} in {plural(stacks.length, "stack")} would go, {bytes(plan.bytes)}. The one on top of each stays.
      </p>
      <ul class="stacks" tabIndex={0} role="region" aria-label="What stays and what goes">
        {stacks.slice(0, FIRST).map(({ rows, stay }) => (
          <Stack key={rows[0]} rows={rows} stays={stay} />
        ))}
      </ul>
      {stacks.length > FIRST && <p class="muted">and {count(stacks.length - FIRST)} more</p>}
    </>
  );
}

function Done({ done, close }: { done: Cleaned; close(): void }) {
  const bring = () =>
    void attempt(async () => {
      await source.restore(done.manifest);
      await load();
      close();
    });
  return (
    <div class="form" data-testid="cleaned">
      <p role="status">
        {plural(done.moved, "file")} moved, {bytes(done.bytes)}; {count(done.kept)} stayed. What was done is written in{" "}
        <code class="path">{done.manifest}</code>
      </p>
      <div class="form-end">
        <button type="button" class="button" data-testid="clean-undo" onClick={bring}>
          Bring them back
        </button>
        <button type="button" class="button main" onClick={close}>
          Done
        </button>
      </div>
    </div>
  );
}

/** What would go and what stays, before anything does. */
export function CleanDialog({ problem, close }: { problem: string; close(): void }) {
  const [keep, setKeep] = useState<Keep>("best");
  const [to, setTo] = useState<To>("trash");
  const [plan, setPlan] = useState<CleanPlan | null>(null);
  const [done, setDone] = useState<Cleaned | null>(null);
  const [working, setWorking] = useState(false);
  useEffect(() => {
    let isCurrent = true;
    setPlan(null);
    void attempt(async () => {
      const next = await source.planCleaning(problem, keep);
      if (isCurrent) setPlan(next);
    });
    return () => {
      isCurrent = false;
    };
  }, [problem, keep]);
  const apply = async (event: Event) => {
    event.preventDefault();
    if (plan === null) return;
    setWorking(true);
    await attempt(async () => {
      setDone(await source.clean(plan.token, to));
      await load();
    });
    setWorking(false);
  };
  return (
    <Modal title={`Clean up: ${problemTitle(problem).toLowerCase()}`} close={close} class="wide-dialog" testid="clean">
      {done !== null ? (
        <Done done={done} close={close} />
      ) : (
        <form class="form" onSubmit={(event) => void apply(event)}>
          <Choice<Keep> legend="Of each stack stays" name="keep" value={keep} options={KEEP} choose={setKeep} />
          {plan === null ? <p role="status">Making a plan…</p> : <Plan plan={plan} />}
          <Choice<To> legend="The others go to" name="to" value={to} options={TO} choose={setTo} />
          <div class="form-end">
            <button type="button" class="button" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="button main" data-testid="clean-apply" disabled={working || !plan?.images}>
              {working ? "Moving…" : `Move ${plural(plan?.images ?? 0, "file")}`}
            </button>
          </div>
        </form>
      )}
    </Modal>
  );
}
