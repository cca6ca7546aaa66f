import { batch } from "@preact/signals";
import { describeGroups, groupsOnLevel } from "../data/tree";
import type { Collection } from "../data/types";
import { attempt, load, show } from "./edits";
import { notify } from "./notifications";
import { collection, points, source } from "./store";

/** Moves along the tree of groups: shown at once from what the page has, then sent. */

const SENT_AFTER = 200; // milliseconds without another move, so that held keys are one edit

let timer = 0;
let kept: Collection | null = null; // what the server has, while another level is shown
let chosen: number | null = null; // the level that was asked for last, sent or not
let target: number | null = null; // the level that is still to be sent
let sending = false;

/** Show a level; `send` where the hand has let go of it. */
export function moveAlong(level: number, send: boolean): void {
  chosen = level;
  preview(level);
  window.clearTimeout(timer);
  if (send) timer = window.setTimeout(() => void settle(level), SENT_AFTER);
}

function preview(level: number): void {
  const [now, at] = [collection.value, points.value];
  if (now === null || at === null || now.tree === null || now.tree.level === level) return;
  const moved = { ...at, group: groupsOnLevel(now.tree, level, at) };
  const none = now.groups.find(({ group }) => group < 0);
  const groups = describeGroups(moved, now.tree.colours, none);
  kept ??= now;
  // What the server would undo is not what the page shows: nothing can be undone until it answers.
  const shown: Collection = { ...now, groups, tree: { ...now.tree, level }, undo: null, redo: null };
  batch(() => {
    points.value = moved;
    collection.value = shown;
  });
}

/** Send the level; moves made meanwhile follow, and only the last answer is shown. */
async function settle(level: number): Promise<void> {
  const known = kept ?? collection.value;
  if (!sending && known?.tree?.level === level) return kept === null ? undefined : restore(kept);
  target = level;
  if (sending) return;
  sending = true;
  while (target !== null) {
    const groups: number = target;
    target = null;
    const isSent = await attempt(async () => {
      const edited = await source.edit({ action: "move_along", groups });
      kept = edited.collection;
      if (target !== null || chosen !== groups) return;
      await restore(edited.collection);
      notify(edited.message, { edited: true, undo: edited.collection.undo !== null });
    });
    if (!isSent) {
      target = kept = null;
      await load();
    }
  }
  sending = false;
}

function restore(seen: Collection): Promise<void> {
  kept = null;
  return show(seen);
}
