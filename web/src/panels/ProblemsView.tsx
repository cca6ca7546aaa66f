import { count } from "../app/format";
import { start } from "../app/jobs";
import { collection, job, problemTab, source, type ProblemTab } from "../app/store";
import { NotGoodView } from "./inspect/NotGoodView";
import { MislabelledView } from "./MislabelledView";
import { ProblemGrid } from "./ProblemGrid";
import { problemKind, problemKinds, problemTitle } from "./problems";
import { ReadingTable } from "./ReadingTable";
import { SetsView } from "./SetsView";
import { UnreadableTable } from "./UnreadableTable";

/** What is no problem kind of images, but of files. */
const OF_FILES: Record<string, { title: string; meaning: string }> = {
  unreadable: { title: "Unreadable", meaning: "Files that are no images, or broken ones; they are left out." },
  reading: { title: "Assumptions", meaning: "What was assumed or left out when files were read." },
};

const tabs = (): readonly ProblemTab[] => [...problemKinds().map(({ name }) => name), ...Object.keys(OF_FILES)];

function titleOf(tab: ProblemTab): string {
  return OF_FILES[tab]?.title ?? problemTitle(tab);
}

function checkedKinds(): string {
  const titles = problemKinds().filter((kind) => kind.needs_check).map(({ title }) => title.toLowerCase());
  return new Intl.ListFormat("en").format(titles);
}

function NotChecked() {
  const running = job.value?.state === "running";
  return (
    <div class="notice" data-testid="not-checked">
      <p>
        These images have not been checked yet for {checkedKinds()}.
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
      {tabs().map((tab) => (
        <button
          type="button"
          class="tab"
          key={tab}
          aria-current={tab === current ? "page" : undefined}
          data-testid={`problem-${tab}`}
          onClick={() => (problemTab.value = tab)}
        >
          {titleOf(tab)} <span class="count">{count(collection.value?.problems[tab] ?? 0)}</span>
        </button>
      ))}
    </nav>
  );
}

/** The selected tab, or else the first one with any image. */
function current(): ProblemTab {
  const problems = collection.value?.problems;
  return problemTab.value ?? tabs().find((tab) => (problems?.[tab] ?? 0) > 0) ?? "duplicates";
}

export function ProblemsView() {
  const tab = current();
  const problem = problemKind(tab);
  const isInspected = tab === "not_good" && source.editable; // a shared page has no inspector
  return (
    <section class="pane" aria-labelledby="problem-title">
      {collection.value?.checked === false && <NotChecked />}
      <Tabs current={tab} />
      <header class="pane-head">
        <h2 id="problem-title">{titleOf(tab)}</h2>
        <span class="muted">{problem?.meaning ?? OF_FILES[tab]?.meaning}</span>
      </header>
      {tab === "unreadable" && <UnreadableTable />}
      {tab === "reading" && <ReadingTable />}
      {problem?.has_sets && <SetsView key={tab} kind={tab} />}
      {tab === "mislabelled" && <MislabelledView />}
      {problem && isInspected && <NotGoodView key={tab} problem={problem} />}
      {problem && !problem.has_sets && tab !== "mislabelled" && !isInspected && <ProblemGrid key={tab} problem={problem} />}
    </section>
  );
}
