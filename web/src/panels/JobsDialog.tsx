import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../app/Icon";
import { start } from "../app/jobs";
import { Modal } from "../app/Modal";
import { collection, job, openDialog } from "../app/store";
import { GroupCount, parseGroups } from "./GroupCount";

function Method({ value, all, choose }: { value: string; all: readonly string[]; choose(method: string): void }) {
  return (
    <label class="field">
      Method
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {all.map((method) => (
          <option key={method}>{method}</option>
        ))}
      </select>
    </label>
  );
}

interface TaskProps {
  title: string;
  about: string;
  go(): void;
  testid: string;
  children?: ComponentChildren;
  verb?: string;
}

function Task({ title, about, go, testid, children, verb = "Start" }: TaskProps) {
  const running = job.value?.state === "running";
  return (
    <li class="task">
      <div>
        <h3>{title}</h3>
        <p class="muted">{about}</p>
      </div>
      {children}
      <button
        type="button"
        class="button"
        aria-label={`${verb}: ${title}`}
        disabled={running}
        data-testid={testid}
        onClick={go}
      >
        {verb}
      </button>
    </li>
  );
}

export function JobsDialog({ close }: { close(): void }) {
  const [method, setMethod] = useState("auto");
  const [groups, setGroups] = useState("");
  const [layout, setLayout] = useState("tsne");
  const running = job.value?.state === "running";
  return (
    <Modal title="Run" close={close} testid="jobs">
      {running && <p role="status">Another job is running: it has to end, or be stopped, first.</p>}
      <button
        type="button"
        class="button main wide"
        data-testid="new-run"
        disabled={running}
        onClick={() => (openDialog.value = { kind: "run" })}
      >
        <Icon name="plus" /> New run on a folder…
      </button>
      <ul class="tasks">
        <Task
          title="Group again"
          about="New groups of the same images; labels stay."
          testid="start-group"
          go={() => void start("group", { method, groups: parseGroups(groups) })}
        >
          <Method value={method} all={collection.value?.meta.methods ?? []} choose={setMethod} />
          <GroupCount value={groups} choose={setGroups} />
        </Task>
        <Task
          title="Map again"
          about="A new map of the same images."
          testid="start-map"
          go={() => void start("map", { method: layout })}
        >
          <Method value={layout} all={collection.value?.meta.maps ?? []} choose={setLayout} />
        </Task>
        <Task
          title="Check the images"
          about="Duplicates, outliers, blurred, too dark, too bright."
          testid="start-check"
          go={() => void start("check")}
        />
        <Task
          title="Evaluate"
          about="The figures and pictures of the quality page."
          testid="start-evaluate"
          go={() => void start("evaluate")}
        />
      </ul>
    </Modal>
  );
}
