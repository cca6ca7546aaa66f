import { problemTitle } from "../panels/problems";
import { narrowField, wordsOf } from "./fields";
import { narrow, widen } from "./search";
import { count, day } from "./format";
import { Icon } from "./Icon";
import { collection, filter, groupsByNumber, isFiltered, shown } from "./store";

function conditions(): { words: string; end: () => void }[] {
  const { group, label, problem, folder, from, to, text, rows, saved } = filter.value;
  const all = [
    group !== undefined && { words: groupsByNumber.value.get(group)?.name ?? `group ${group}`, key: "group" },
    label !== undefined && { words: label === "" ? "without a label" : `label: ${label}`, key: "label" },
    problem !== undefined && { words: problemTitle(problem).toLowerCase(), key: "problem" },
    folder !== undefined && { words: `in ${folder === "" ? "the top folder" : folder}`, key: "folder" },
    from !== undefined && { words: `from ${day(from)}`, key: "from" },
    to !== undefined && { words: `until ${day(to)}`, key: "to" },
    text !== undefined && { words: `path has “${text}”`, key: "text" },
    saved !== undefined && { words: `saved: ${saved}`, key: "saved" },
    rows !== undefined && { words: `${count(rows.length)} chosen images`, key: "rows" },
  ];
  const onFields = (filter.value.fields ?? []).map((one) => ({
    words: wordsOf(one),
    end: () => narrowField(one.name, null),
  }));
  const plain = all
    .filter((one) => one !== false)
    .map(({ words, key }) => ({ words, end: () => narrow({ [key]: undefined }) }));
  return [...plain, ...onFields];
}

/** What narrows the view, each condition with a way to take it away. */
export function FilterBar() {
  if (!isFiltered.value) return null;
  return (
    <div class="filter-bar" role="group" aria-label="Filter">
      <span data-testid="shown-count">
        {count(shown.value.length)} of {count(collection.value?.images ?? 0)}
      </span>
      {conditions().map(({ words, end }) => (
        <button type="button" class="chip" key={words} aria-label={`Remove: ${words}`} onClick={end}>
          <span class="cut">{words}</span>
          <Icon name="close" />
        </button>
      ))}
      <button type="button" class="link" onClick={widen} data-testid="filter-clear">
        Show all
      </button>
    </div>
  );
}
