import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { narrow } from "../app/search";
import { count, fileName } from "../app/format";
import { filter } from "../app/store";
import { Swatch } from "../app/Swatch";
import type { Counted, LabelCount } from "../data/types";

interface Props {
  title: string;
  condition: "label" | "folder";
  entries: readonly (Counted | LabelCount)[];
  deep?: boolean; // names are paths, shown indented
}

const FIRST = 40;

export function Entry({ name, words, images, current, deep = 0, colour, toggle, testid, end }: {
  name: string;
  words: string;
  images: number;
  current: boolean;
  deep?: number;
  colour?: string;
  toggle(): void;
  testid?: string;
  end?: ComponentChildren; // beside it
}) {
  return (
    <li class={current ? "entry current" : "entry"}>
      <button
        type="button"
        class="entry-main"
        style={{ paddingLeft: `${8 + deep * 12}px` }}
        aria-pressed={current}
        data-testid={testid}
        data-name={name}
        title={words}
        onClick={toggle}
      >
        {colour !== undefined && <Swatch colour={colour} round />}
        <span class="cut">{words}</span>
        <span class="count">{count(images)}</span>
      </button>
      {end}
    </li>
  );
}

export function CountedList({ title, condition, entries, deep = false }: Props) {
  const all = useSignal(false);
  const listed = all.value ? entries : entries.slice(0, FIRST);
  const words = (name: string) => (name === "" ? (condition === "folder" ? "top folder" : "without a label") : name);
  return (
    <section class="side-section" aria-label={title}>
      <h2>
        {title} <span class="count">{count(entries.filter(({ name }) => name !== "").length)}</span>
      </h2>
      <ul class="entries">
        {listed.map((entry) => {
        const { name, count: images } = entry;
        return (
          <Entry
            key={name}
            name={name}
            words={deep ? words(fileName(name)) : words(name)}
            images={images}
            current={filter.value[condition] === name}
            deep={deep ? name.split("/").length - 1 : 0}
            colour={"colour" in entry ? entry.colour : undefined}
            testid={`${condition}-item`}
            toggle={() => narrow({ [condition]: filter.value[condition] === name ? undefined : name })}
          />
        );
        })}
      </ul>
      {listed.length < entries.length && (
        <button type="button" class="link" onClick={() => (all.value = true)}>
          Show {count(entries.length - listed.length)} more
        </button>
      )}
    </section>
  );
}
