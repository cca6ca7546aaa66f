import { useSignal } from "@preact/signals";
import { Swatch } from "../app/Swatch";
import { edit } from "../app/edits";
import { narrow } from "../app/search";
import { count, plural } from "../app/format";
import { tickedGroups, collection, filter, groupsByNumber, openDialog, source } from "../app/store";
import type { Edit, Group } from "../data/types";
import { filteredRows, selectWhere } from "./filteredRows";
import { LevelSlider } from "./LevelSlider";

const FIRST = 60; // shown at first

function tick(group: number): void {
  const without = tickedGroups.value.filter((other) => other !== group);
  tickedGroups.value = without.length < tickedGroups.value.length ? without : [...without, group];
}

function GroupItem({ group, name, colour, count: images }: Group) {
  const current = filter.value.group === group;
  const ticked = tickedGroups.value.includes(group);
  const click = (event: MouseEvent) => {
    if (source.editable && (event.ctrlKey || event.metaKey || event.shiftKey)) tick(group);
    else narrow({ group: current ? undefined : group });
  };
  return (
    <li class={current ? "entry current" : "entry"}>
      {source.editable && (
        <input
          type="checkbox"
          class="tick"
          checked={ticked}
          aria-label={`Tick ${name}`}
          title="Tick, to name, merge, split or select"
          onChange={() => tick(group)}
        />
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
        <Swatch colour={colour} />
        <span class="cut">{name}</span>
        <span class="count">{count(images)}</span>
      </button>
    </li>
  );
}

async function rename(group: Group): Promise<void> {
  const rows = await filteredRows({ group: group.group });
  if (rows !== null) openDialog.value = { kind: "label", rows, title: `Name ${group.name}: label all of it` };
}

/** Apply an edit and clear the ticks, which were meant for it alone. */
async function change(request: Edit): Promise<void> {
  if (await edit(request)) tickedGroups.value = [];
}

/** For the groups that are ticked, or else the one that the view is narrowed to. */
function GroupActions() {
  const { group } = filter.value;
  const of = tickedGroups.value.length > 0 ? tickedGroups.value : group === undefined ? [] : [group];
  const single = of.length === 1 ? groupsByNumber.value.get(of[0] as number) : undefined;
  return (
    <div class="actions four" role="group" aria-label="Actions on the ticked groups">
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
        title="Select all images of these groups"
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
      <LevelSlider />
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
      {source.editable && groups.length > 0 && (
        <>
          <p class="muted">Click a group to see it alone; tick groups to change them.</p>
          <GroupActions />
        </>
      )}
    </section>
  );
}
