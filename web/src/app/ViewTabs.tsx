import { Icon, type IconName } from "./Icon";
import { results, selection, sheet, source, view, type Sheet, type View } from "./store";
import { openTeaching } from "./teach";

interface Tab {
  of: View;
  name: string;
  icon: IconName;
}

const TABS: readonly Tab[] = [
  { of: "map", name: "Map", icon: "map" },
  { of: "grid", name: "Grid", icon: "grid" },
  { of: "table", name: "Table", icon: "table" },
  { of: "problems", name: "Problems", icon: "problems" },
  { of: "quality", name: "Quality", icon: "quality" },
];
const TEACH: Tab = { of: "teach", name: "Teach", icon: "teach" };
const RESULTS: Tab = { of: "results", name: "Results", icon: "results" };

function ViewTab({ of, name, icon }: Tab) {
  const current = view.value === of && sheet.value === null;
  return (
    <button
      type="button"
      class="tab"
      aria-label={name}
      aria-current={current ? "page" : undefined}
      data-testid={`view-${of}`}
      onClick={() => {
        if (of === "teach") openTeaching();
        else view.value = of;
        sheet.value = null;
      }}
    >
      <Icon name={icon} />
      <span>{name}</span>
    </button>
  );
}

function SheetTab({ of, name, icon }: { of: Sheet; name: string; icon: IconName }) {
  const open = sheet.value === of;
  return (
    <button
      type="button"
      class="tab phone-only"
      aria-label={name}
      aria-expanded={open}
      aria-controls={of}
      data-testid={`sheet-${of}`}
      onClick={() => (sheet.value = open ? null : of)}
    >
      <Icon name={icon} />
      <span>{name}</span>
    </button>
  );
}

export function ViewTabs() {
  const tabs = [...TABS, ...(source.editable ? [TEACH] : []), ...(results.value === null ? [] : [RESULTS])];
  const picked = selection.value.length;
  const alone = view.value === "teach";
  return (
    <nav class="tabs" aria-label="Views">
      {!alone && <SheetTab of="sidebar" name="Filter" icon="filter" />}
      {tabs.map((tab) => (
        <ViewTab key={tab.of} {...tab} />
      ))}
      {!alone && <SheetTab of="selection" name={picked > 0 ? `${picked} sel.` : "Selection"} icon="check" />}
    </nav>
  );
}
