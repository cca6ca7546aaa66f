import { count } from "../app/format";
import { start } from "../app/jobs";
import { collection, job, problemTab, source, type ProblemTab } from "../app/store";
import { ProblemGrid } from "./ProblemGrid";
import { KINDS, PROBLEMS } from "./problems";
import { SetsView } from "./SetsView";
import { UnreadableTable } from "./UnreadableTable";

const TABS: readonly ProblemTab[] = [...KINDS, "unreadable"];

function name(tab: ProblemTab): string {
  return tab === "unreadable" ? "Unreadable" : PROBLEMS[tab].name;
}

function NotChecked() {
  const running = job.value?.state === "running";
  return (
    <div class="notice" data-testid="not-checked">
      <p>
        These images have not been checked yet for duplicates, outliers, and pictures that are blurred, too dark or too
        bright.
      </p>
      {source.editable && (
        <button
          type="button"
          class="button main"
          data-testid="check"
          disabled={running}
          onClick={() => void start("check")}
        >
          {running ? "A job is running…" : "Check them"}
        </button>
      )}
    </div>
  );
}

function Tabs({ current }: { current: ProblemTab }) {
  return (
    <nav class="sub-tabs" aria-label="Kinds of problems">
      {TABS.map((tab) => (
        <button
          type="button"
          class="tab"
          key={tab}
          aria-current={tab === current ? "page" : undefined}
          data-testid={`problem-${tab}`}
          onClick={() => (problemTab.value = tab)}
        >
          {name(tab)} <span class="count">{count(collection.value?.problems[tab] ?? 0)}</span>
        </button>
      ))}
    </nav>
  );
}

/** The tab that was asked for, or else the first that has something to show. */
function current(): ProblemTab {
  const problems = collection.value?.problems;
  return problemTab.value ?? TABS.find((tab) => (problems?.[tab] ?? 0) > 0) ?? "duplicates";
}

export function ProblemsView() {
  const tab = current();
  return (
    <section class="pane" aria-labelledby="problem-title">
      {collection.value?.checked === false && <NotChecked />}
      <Tabs current={tab} />
      <header class="pane-head">
        <h2 id="problem-title">{name(tab)}</h2>
        <span class="muted">
          {tab === "unreadable" ? "Files that are no images, or broken ones; they are left out." : PROBLEMS[tab].meaning}
        </span>
      </header>
      {tab === "unreadable" && <UnreadableTable />}
      {(tab === "duplicates" || tab === "near_duplicates") && <SetsView key={tab} exact={tab === "duplicates"} />}
      {tab !== "unreadable" && tab !== "duplicates" && tab !== "near_duplicates" && <ProblemGrid key={tab} kind={tab} />}
    </section>
  );
}
