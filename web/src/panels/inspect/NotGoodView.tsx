import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useHeld } from "../../app/batched";
import { facts } from "../../app/caches";
import { count, fileName } from "../../app/format";
import { heat, judge, type Verdict as Said } from "../../app/inspection";
import { openImage } from "../../app/search";
import { select } from "../../app/selectionActions";
import { collection, openDialog, opened, sheet, source } from "../../app/store";
import { Thumb } from "../../app/Thumb";
import type { ProblemMeta } from "../../data/types";
import { CleanButton } from "../clean/CleanButton";
import { useFetched } from "../useFetched";
import { Heat } from "./Heat";
import { Inspector } from "./Inspector";
import { Judge } from "./Judge";
import { Verdict } from "./Verdict";

const FIRST = 40; // shown at first, and added by each click

function open(row: number, list: number[]): void {
  if (heat.value === 0) heat.value = 1;
  openImage(row, list);
}

/** Whether an element is on the screen, or near it. */
function useNear() {
  const box = useRef<HTMLLIElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (box.current === null) return;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), { rootMargin: "300px" });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return { box, near };
}

interface LineProps {
  row: number;
  list: number[];
  active: boolean;
  activate(): void;
  judged(done: Promise<boolean>, said: Said | null): void;
}

function Line({ row, list, active, activate, judged }: LineProps) {
  const path = useHeld(facts, row)?.path ?? `image ${row}`;
  const { box, near } = useNear();
  return (
    <li class={active ? "set inspected active" : "set inspected"} ref={box} data-testid="not-good" data-row={row} onFocusIn={activate}>
      <button type="button" class="pair" title={path} data-open onClick={() => open(row, list)}>
        <span class="visually-hidden">Open {path}</span>
        <span class="picture" aria-hidden="true">
          <Thumb row={row} />
        </span>
        <span class="picture" aria-hidden="true">
          {near && source.editable && <Heat row={row} name="" />}
        </span>
      </button>
      <div class="inspected-text">
        <p class="cut strong" title={path}>
          {fileName(path)}
        </p>
        <Verdict row={row} />
      </div>
      {source.editable && <Judge row={row} active={active} judged={judged} />}
    </li>
  );
}

const BY_KEY: Record<string, Said> = { g: "good", b: "not good" };

/** What an inspector finds not good, the worst first, each beside its heat map. */
export function NotGoodView({ problem }: { problem: ProblemMeta }) {
  const rows = useFetched(() => source.select({ problem: problem.name }), [collection.value]);
  const [most, setMost] = useState(FIRST);
  const [at, setAt] = useState(0); // the place that keys are about
  const box = useRef<HTMLDivElement>(null);
  const isFollowed = useRef(false); // the focus goes where the place goes
  const list = rows === null ? [] : Array.from(rows);
  const place = Math.min(at, list.length - 1);
  useLayoutEffect(() => {
    if (!isFollowed.current || rows === null) return;
    isFollowed.current = false;
    const line = box.current?.querySelector<HTMLElement>(`[data-row="${list[place]}"]`);
    line?.querySelector<HTMLElement>("[data-open]")?.focus();
  });
  const go = (to: number) => {
    if (to < 0 || to >= list.length) return;
    isFollowed.current = true;
    setMost((now) => Math.max(now, to + 1));
    setAt(to);
  };
  const key = (event: KeyboardEvent) => {
    const isElsewhere = openDialog.value !== null || opened.value !== null || sheet.value !== null;
    const isTyped = event.target instanceof HTMLElement && event.target.closest("input, select, textarea") !== null;
    if (isElsewhere || isTyped || event.ctrlKey || event.metaKey || event.altKey || !source.editable) return;
    const said = BY_KEY[event.key];
    if (said !== undefined && list[place] !== undefined && !event.repeat) after(place, judge([list[place]], said), said);
    else if (event.key === "ArrowDown") go(place + 1);
    else if (event.key === "ArrowUp") go(place - 1);
    else return;
    event.preventDefault();
  };
  /** The next image comes up: in the place of one that has gone, else below it. */
  const after = (from: number, done: Promise<boolean>, said: Said | null) => {
    void done.then((succeeded) => {
      if (!succeeded || said === null) return;
      isFollowed.current = true;
      setAt(said === "good" ? from : from + 1);
    });
  };
  useEffect(() => {
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  });
  const inspection = collection.value?.inspection ?? null;
  if (rows === null) return null;
  const left = list.length - most;
  return (
    <>
      {inspection === null ? (
        source.editable && (
          <p class="empty" data-testid="no-inspector">
            No inspector has seen these images. <code>unpool inspect train</code> learns from good ones,{" "}
            <code>unpool check --model MODEL</code> finds what is not good here.
          </p>
        )
      ) : (
        <Inspector of={inspection} />
      )}
      {list.length === 0 && inspection !== null && <p class="empty">Nothing is not good.</p>}
      {list.length > 0 && (
        <>
          <div class="pane-tools">
            <button type="button" class="button" onClick={() => select(list)}>
              Select all
            </button>
            {source.editable && <CleanButton problem={problem.name} />}
          </div>
          <div class="sets" ref={box} tabIndex={0} role="region" aria-label="Images that are not good">
            <ol>
              {list.slice(0, most).map((row, number) => (
                <Line
                  key={row}
                  row={row}
                  list={list}
                  active={number === place}
                  activate={() => setAt(number)}
                  judged={(done, said) => after(number, done, said)}
                />
              ))}
            </ol>
            {left > 0 && (
              <button type="button" class="button wide" onClick={() => setMost((now) => now + FIRST)}>
                Show more ({count(left)})
              </button>
            )}
          </div>
        </>
      )}
    </>
  );
}
