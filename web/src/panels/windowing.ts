import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Browsers draw nothing beyond some 33 million pixels: a longer list is scrolled in larger steps. */
const TALLEST = 15_000_000;
const FEWEST = 3; // columns, however narrow the screen
const AHEAD = 1; // rows of cells drawn beyond either edge

interface Layout {
  columns: number;
  width: number; // of a cell, in pixels
  height: number;
  tall: number; // of all cells, as the scroll bar has it
  first: number; // cells to draw: from this
  last: number; // to before this one
  top(line: number): number; // where a line of cells is drawn
}

interface View {
  width: number;
  height: number;
  scrolled: number;
}

function lay(total: number, cell: number, caption: number, view: View): Layout {
  const columns = Math.max(FEWEST, Math.floor(view.width / cell));
  const width = view.width / columns;
  const height = width + caption;
  const lines = Math.ceil(total / columns);
  const real = lines * height;
  const tall = Math.min(real, TALLEST);
  const scale = tall > view.height ? (real - view.height) / (tall - view.height) : 1;
  const offset = view.scrolled * scale;
  const line = Math.floor(offset / height);
  const visible = Math.ceil(view.height / height) + 1;
  return {
    columns,
    width,
    height,
    tall,
    first: Math.max(0, line - AHEAD) * columns,
    last: Math.min(total, (line + visible + AHEAD) * columns),
    top: (of) => of * height - offset + view.scrolled,
  };
}

/** Which cells of a long list are in view. `show` scrolls so that a cell is. */
export function useWindow(total: number, cell: number, caption: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ width: 0, height: 0, scrolled: 0 });
  useLayoutEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const measure = () =>
      setView((before) => {
        const now = { width: element.clientWidth, height: element.clientHeight, scrolled: element.scrollTop };
        const same = now.width === before.width && now.height === before.height && now.scrolled === before.scrolled;
        return same ? before : now;
      });
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    measure();
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  const layout = lay(total, cell, caption, view);
  const show = (place: number) => {
    const element = scroller.current;
    if (element === null) return;
    const line = Math.floor(place / layout.columns);
    const top = layout.top(line) - view.scrolled;
    const scale = layout.tall / (Math.ceil(total / layout.columns) * layout.height || 1);
    if (top < 0) element.scrollTop += top * scale;
    else if (top + layout.height > view.height) element.scrollTop += (top + layout.height - view.height) * scale;
  };
  const lines = Math.max(1, Math.floor(view.height / layout.height));
  return { scroller, layout, show, page: lines * layout.columns, ready: view.width > 0 };
}
