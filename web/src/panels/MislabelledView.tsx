import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { useHeld } from "../app/batched";
import { facts } from "../app/caches";
import { edit } from "../app/edits";
import { count, fileName, percent, plural } from "../app/format";
import { openImage } from "../app/search";
import { select } from "../app/selectionActions";
import { collection, openDialog, source } from "../app/store";
import { Thumb } from "../app/Thumb";
import type { Doubt } from "../data/types";
import { useFetched } from "./useFetched";

const FIRST = 60; // shown at first, and added by each click

interface Props {
  doubt: Doubt;
  list: number[];
  decide(decision: Promise<boolean>): void;
}

function Decisions({ doubt, decide }: Omit<Props, "list">) {
  const { row, label, predicted } = doubt;
  return (
    <div class="set-actions">
      <button
        type="button"
        class="button main"
        data-testid="correct"
        onClick={() => decide(edit({ action: "label", rows: [row], label: predicted }))}
      >
        It is {predicted}
      </button>
      <button type="button" class="button" data-testid="keep" onClick={() => decide(edit({ action: "keep", rows: [row] }))}>
        Keep {label}
      </button>
      <button
        type="button"
        class="button quiet"
        onClick={() => (openDialog.value = { kind: "label", rows: [row], title: "Another label" })}
      >
        Another…
      </button>
    </div>
  );
}

function Line({ doubt, list, decide }: Props) {
  const { row, label, predicted, probability } = doubt;
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  return (
    <li class="set doubt" data-testid="doubt" data-row={row}>
      <button type="button" class="duplicate" title={path} onClick={() => openImage(row, list)}>
        <span class="visually-hidden">Open {path}</span>
        <span class="picture" aria-hidden="true">
          <Thumb row={row} />
        </span>
        <span class="cut" aria-hidden="true">
          {fileName(path)}
        </span>
      </button>
      <p class="push">
        It says <strong>{label}</strong>, looks like <strong>{predicted}</strong>{" "}
        <span class="muted">{percent(probability)}</span>
      </p>
      {source.editable && <Decisions doubt={doubt} decide={decide} />}
    </li>
  );
}

/** Labels that the images do not look like, the most doubtful first: each is corrected or kept. */
export function MislabelledView() {
  const most = useSignal(FIRST);
  const box = useRef<HTMLDivElement>(null);
  const next = useRef<number | null>(null); // the row whose button gets the focus of the one that has gone
  const answer = useFetched(() => source.mislabelled(), [collection.value]);
  useLayoutEffect(() => {
    if (next.current === null) return;
    box.current?.querySelector<HTMLElement>(`[data-row="${next.current}"] [data-testid=correct]`)?.focus();
    next.current = null;
  }, [answer]);
  if (answer === null) return null;
  const { images } = answer;
  if (images.length === 0) return <p class="empty">{collection.value?.checked ? "None found." : "Not checked yet."}</p>;
  const list = images.map(({ row }) => row);
  const left = images.length - most.value;
  return (
    <>
      <div class="pane-tools">
        <span class="muted">{plural(images.length, "label")} to look at, the most doubtful first</span>
        <button type="button" class="button" onClick={() => select(list)}>
          Select all
        </button>
      </div>
      <div class="sets" ref={box} tabIndex={0} role="region" aria-label="Labels to look at">
        <ol>
          {images.slice(0, most.value).map((doubt, place) => (
            <Line
              key={doubt.row}
              doubt={doubt}
              list={list}
              decide={(decision) => void decision.then((done) => (next.current = done ? (list[place + 1] ?? null) : null))}
            />
          ))}
        </ol>
        {left > 0 && (
          <button type="button" class="button wide" onClick={() => (most.value += FIRST)}>
            Show more ({count(left)})
          </button>
        )}
      </div>
    </>
  );
}
