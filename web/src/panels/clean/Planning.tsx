import { useEffect, useState } from "preact/hooks";
import { attempt, load } from "../../app/edits";
import { bytes, count, plural } from "../../app/format";
import { openDialog, source } from "../../app/store";
import type { CleanPlan } from "../../data/types";
import { Choice } from "../Choice";
import { problemKind } from "../problems";
import { Stack } from "./Stack";

const KEEP = [
  { value: "best", name: "The best", about: "the one that the check elects" },
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
  const { stacks, images, left } = plan;
  const single = stacks.every(({ stay }) => stay === 0);
  const what = single ? "" : ` of ${plural(stacks.length, "stack")}, the one on top of each stays`;
  return (
    <>
      <p role="status" data-testid="clean-plan">
        {plural(images, "image")} would go{what}: {bytes(plan.bytes)}.
        {left > 0 && ` ${plural(left, "file")} left alone: changed, gone, or never compared.`}
      </p>
      <div class="stacks-box" tabIndex={0} role="region" aria-label="What stays and what goes">
        <ul class="stacks">
          {stacks.slice(0, FIRST).map(({ rows, stay }) => (
            <Stack key={rows[0]} rows={rows} stays={stay} />
          ))}
        </ul>
      </div>
      {stacks.length > FIRST && <p class="muted">and {count(stacks.length - FIRST)} more</p>}
    </>
  );
}

function usePlan(problem: string, keep: Keep): CleanPlan | null {
  const [plan, setPlan] = useState<CleanPlan | null>(null);
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
  return plan;
}

/** What would go and what stays, before anything does. */
export function Planning({ problem, close }: { problem: string; close(): void }) {
  const [keep, setKeep] = useState<Keep>("best");
  const [to, setTo] = useState<To>("trash");
  const [working, setWorking] = useState(false);
  const plan = usePlan(problem, keep);
  const apply = async (event: Event) => {
    event.preventDefault();
    if (plan === null) return;
    setWorking(true);
    await attempt(async () => {
      const done = await source.clean(plan.token, to);
      await load(); // which closes dialogs, as rows are other images now
      openDialog.value = { kind: "clean", problem, done };
    });
    setWorking(false);
  };
  return (
    <form class="form" onSubmit={(event) => void apply(event)}>
      {problemKind(problem)?.has_sets && (
        <Choice<Keep> legend="Of each stack stays" name="keep" value={keep} options={KEEP} choose={setKeep} />
      )}
      {plan === null ? <p role="status">Making a plan…</p> : <Plan plan={plan} />}
      <Choice<To> legend="What goes, goes to" name="to" value={to} options={TO} choose={setTo} />
      <div class="form-end">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="button main" data-testid="clean-apply" disabled={working || !plan?.images}>
          {working ? "Moving…" : `Move ${plural(plan?.images ?? 0, "file")}`}
        </button>
      </div>
    </form>
  );
}
