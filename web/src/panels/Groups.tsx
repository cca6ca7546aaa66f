import { useSignal } from "@preact/signals";
import { edit } from "../app/edits";
import { narrow } from "../app/finding";
import { count, plural } from "../app/format";
import { asked, chosen, collection, filter, groupsByNumber, source } from "../app/store";
import type { Edit, Group } from "../data/types";
import { rowsOf, selectWhere } from "./whole";

const FIRST = 60; // more are shown when asked for

function choose(group: number): void {
  const without = chosen.value.filter((other) => other !== group);
  chosen.value = without.length < chosen.value.length ? without : [...without, group];
}

function GroupItem({ group, name, colour, ink, count: images }: Group) {
  const current = filter.value.group === group;
  const picked = chosen.value.includes(group);
  const click = (event: MouseEvent) => {
    if (source.editable && (event.ctrlKey || event.metaKey || event.shiftKey)) choose(group);
    else narrow({ group: current ? undefined : group });
  };
  return (
    <li class={current ? "entry current" : "entry"}>
      {source.editable ? (
        <input
          type="checkbox"
          class="swatch-box"
          style={{ "--colour": colour, "--tick": ink }}
          checked={picked}
          aria-label={`Choose ${name}`}
          title="Choose, to merge, split or name"
          onChange={() => choose(group)}
        />
      ) : (
        <span class="swatch big" style={{ background: colour }} aria-hidden="true" />
      )}
      <button
        type="button"
        class="entry-main"
        aria-pressed={current}
        data-testid="group-item"
        data-group={group}
        title={name}
        onClick={click}
      >
        <span class="cut">{name}</span>
        <span class="count">{count(images)}</span>
      </button>
    </li>
  );
}

async function rename(group: Group): Promise<void> {
  const rows = await rowsOf({ group: group.group });
  if (rows !== null) asked.value = { kind: "label", rows, title: `Name ${group.name}: label all of it` };
}

/** What was ticked for one change is not meant for the next. */
async function change(wanted: Edit): Promise<void> {
  if (await edit(wanted)) chosen.value = [];
}

/** For the groups that are ticked, or else the one that the view is narrowed to. */
function GroupActions() {
  const { group } = filter.value;
  const of = chosen.value.length > 0 ? chosen.value : group === undefined ? [] : [group];
  const single = of.length === 1 ? groupsByNumber.value.get(of[0] as number) : undefined;
  return (
    <div class="actions four" role="group" aria-label="What to do with the chosen groups">
      <button
        type="button"
        class="button"
        data-testid="rename"
        disabled={single === undefined}
        title="Label all images of the group"
        onClick={() => single && void rename(single)}
      >
        Name…
      </button>
      <button
        type="button"
        class="button"
        data-testid="merge"
        disabled={of.length < 2 || of.some((number) => number < 0)}
        title="Make one group of two or more"
        onClick={() => void change({ action: "merge", groups: [...of] })}
      >
        {of.length < 2 ? "Merge" : `Merge ${of.length}`}
      </button>
      <button
        type="button"
        class="button"
        data-testid="split"
        disabled={single === undefined || single.group < 0}
        title="Make two groups of one"
        onClick={() => single && void change({ action: "split", group: single.group })}
      >
        Split
      </button>
      <button
        type="button"
        class="button"
        data-testid="select-group"
        disabled={of.length === 0}
        title="Select all images of the chosen groups"
        onClick={() => void selectWhere(of.map((number) => ({ group: number })))}
      >
        Select
      </button>
    </div>
  );
}

export function Groups() {
  const all = useSignal(false);
  const groups = collection.value?.groups ?? [];
  const listed = all.value ? groups : groups.slice(0, FIRST);
  return (
    <section class="side-section" aria-labelledby="groups-title">
      <h2 id="groups-title">
        Groups <span class="count">{count(groups.length)}</span>
      </h2>
      {groups.length === 0 && <p class="muted">Nothing has been grouped yet.</p>}
      <ul class="entries">
        {listed.map((group) => (
          <GroupItem key={group.group} {...group} />
        ))}
      </ul>
      {listed.length < groups.length && (
        <button type="button" class="link" onClick={() => (all.value = true)}>
          Show {plural(groups.length - listed.length, "more group")}
        </button>
      )}
      {source.editable && groups.length > 0 && <GroupActions />}
    </section>
  );
}
