import { IconButton } from "../app/IconButton";
import { collection, sheet } from "../app/store";
import { CountedList } from "./CountedList";
import { Dates } from "./Dates";
import { Facets } from "./fields/Facets";
import { Saved } from "./fields/Saved";
import { Groups } from "./Groups";
import { Labels } from "./Labels";
import { ProblemFilters } from "./ProblemFilters";
import { Sort } from "./Sort";

export function Sidebar() {
  const folders = collection.value?.folders ?? [];
  return (
    <aside id="sidebar" class={sheet.value === "sidebar" ? "sidebar open" : "sidebar"} aria-label="Groups and filters">
      <div class="sheet-head phone-only">
        <strong>Groups and filters</strong>
        <IconButton icon="close" name="Close groups and filters" onClick={() => (sheet.value = null)} />
      </div>
      <Sort />
      <Groups />
      <Labels />
      {folders.length > 1 && <CountedList title="Folders" condition="folder" entries={folders} deep />}
      <Facets />
      <Saved />
      <ProblemFilters />
      <Dates />
    </aside>
  );
}
