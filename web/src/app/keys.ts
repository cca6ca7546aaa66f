import { redo, undo } from "./edits";
import { leaveResults } from "./search";
import { mapMode, picturesShown } from "./mapState";
import { clear, select } from "./selectionActions";
import { openTeaching, pressWhileTeaching, undoWhileTeaching } from "./teach";
import { openDialog, opened, results, selection, sheet, shown, view, type View } from "./store";

const VIEWS: readonly View[] = ["map", "grid", "table", "problems", "quality"];

/** Whether a control uses the keys itself, such as a text field. */
function types(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input:not([type=range]), textarea, select, [contenteditable]") !== null;
}

function stepBack(): void {
  if (sheet.value !== null) sheet.value = null;
  else if (view.value === "results") leaveResults();
  else if (selection.value.length > 0) clear();
  else if (results.value !== null) leaveResults();
}

function withControl(event: KeyboardEvent, open: boolean): void {
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey && view.value === "teach" && !open) undoWhileTeaching();
  else if (key === "z" && !event.shiftKey) void undo();
  else if (key === "z" || key === "y") void redo();
  else if (key === "a" && view.value === "map" && !open) select(shown.value);
  else return;
  event.preventDefault();
}

function alone(event: KeyboardEvent): void {
  const number = Number(event.key);
  if (view.value === "teach" && sheet.value === null && pressWhileTeaching(event)) event.preventDefault();
  else if (event.key === "?") openDialog.value = { kind: "help" };
  else if (event.key === "/") document.getElementById("search")?.focus();
  else if (event.key === "Escape") stepBack();
  else if (event.key === "t") openTeaching();
  else if (event.key === "l") mapMode.value = mapMode.value === "lasso" ? "pan" : "lasso";
  else if (event.key === "i") picturesShown.value = !picturesShown.value;
  else if (number >= 1 && number <= VIEWS.length) view.value = VIEWS[number - 1] as View;
  else return;
  event.preventDefault();
}

/** While teaching, Enter is a key of the page: a button that was clicked does not keep it. */
function letGo(event: MouseEvent): void {
  const isTeaching = view.value === "teach" && openDialog.value === null && opened.value === null;
  if (!isTeaching || event.detail === 0 || !(event.target instanceof Element)) return;
  event.target.closest<HTMLElement>("button")?.blur();
}

export function followKeys(): () => void {
  const listener = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.altKey || types(event.target)) return;
    const open = openDialog.value !== null || opened.value !== null;
    if (event.ctrlKey || event.metaKey) withControl(event, open);
    else if (!open) alone(event);
  };
  document.addEventListener("keydown", listener);
  document.addEventListener("click", letGo);
  return () => {
    document.removeEventListener("keydown", listener);
    document.removeEventListener("click", letGo);
  };
}
