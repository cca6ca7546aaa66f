/** Strokes on a 20 by 20 square; an icon only ever stands beside or within something that has a name. */
const STROKES = {
  map: "M3 5.5 7.5 3.5l5 2 4.5-2v11l-4.5 2-5-2-4.5 2zM7.5 3.5v11M12.5 5.5v11",
  grid: "M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z",
  table: "M3 4h14v12H3zM3 8h14M3 12h14M8 8v8",
  problems: "M10 3 17.5 16.5h-15zM10 8v4M10 14.2v.3",
  quality: "M3.5 16.5h13M5.5 13.5v-4M10 13.5v-9M14.5 13.5v-6",
  teach: "M2 7.5 10 4l8 3.5-8 3.5zM5.5 9.2v4.3c2.6 2 6.4 2 9 0V9.2M18 7.5v5",
  results: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
  image: "M3 4h14v12H3zM3 13.5l4-4 3.5 3.5 2.5-2.5 4 4M13 7.2v.1",
  undo: "M7 4 3.5 7.5 7 11M3.5 7.5h8a4.5 4.5 0 0 1 0 9H8",
  redo: "M13 4 16.5 7.5 13 11M16.5 7.5h-8a4.5 4.5 0 0 0 0 9H12",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1 1M14.7 14.7l1 1M4.3 15.7l1-1M14.7 5.3l1-1",
  moon: "M16 12.3A6.8 6.8 0 0 1 7.7 4a6.8 6.8 0 1 0 8.3 8.3z",
  help: "M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15zM7.8 7.8a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.8M10 14v.2",
  close: "M5 5l10 10M15 5 5 15",
  play: "M6 4l10 6-10 6z",
  stop: "M5.5 5.5h9v9h-9z",
  save: "M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13",
  check: "M4 10.5l4 4 8-9",
  expand: "M11.5 3.5h5v5M16 4l-5 5M8.5 16.5h-5v-5M4 16l5-5",
  lasso: "M10 4c4 0 7 1.8 7 4.2s-3 4.3-7 4.3-7-1.9-7-4.3S6 4 10 4zM5.5 11.5c-1.3 2 .7 3 1.5 2.2.8-.9-.6-1.8-1.3-1M6.5 14c.6 1 .4 2-.5 3",
  hand: "M6.5 10V5.5a1.2 1.2 0 0 1 2.4 0V9 4a1.2 1.2 0 0 1 2.4 0v5-3.8a1.2 1.2 0 0 1 2.4 0v6.3c0 3-1.7 5-4.3 5-2 0-3.2-.8-4.3-2.6L3.4 11a1.2 1.2 0 0 1 2-1.3z",
  reset: "M3.5 7.5v-4h4M16.5 7.5v-4h-4M3.5 12.5v4h4M16.5 12.5v4h-4",
  filter: "M3 4.5h14L11.8 11v5l-3.6-2v-3z",
  left: "M12.5 4 6.5 10l6 6",
  right: "M7.5 4l6 6-6 6",
  up: "M10 16V4M5 9l5-5 5 5",
  down: "M10 4v12M5 11l5 5 5-5",
  folder: "M2.5 5.5h5l2 2h8v8h-15z",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
} as const;

export type IconName = keyof typeof STROKES;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={STROKES[name]} />
    </svg>
  );
}
