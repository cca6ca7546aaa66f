export interface KeyEvents {
  pan(dx: number, dy: number): void; // in shares of the screen
  zoom(factor: number): void;
  reset(): void;
  clear(): void;
  step(by: 1 | -1): void; // to the next or previous image
  open(): void; // the focused image
  select(added: boolean): void; // the focused image
}

const STEP = 0.2;

/** Keys of the map while it has the focus; all others are left to the page. Returns a function that stops it. */
export function listenToKeys(element: HTMLElement, events: KeyEvents): () => void {
  const actions: Record<string, (event: KeyboardEvent) => void> = {
    ArrowLeft: () => events.pan(STEP, 0),
    ArrowRight: () => events.pan(-STEP, 0),
    ArrowUp: () => events.pan(0, STEP),
    ArrowDown: () => events.pan(0, -STEP),
    "+": () => events.zoom(Math.SQRT2),
    "=": () => events.zoom(Math.SQRT2),
    "-": () => events.zoom(Math.SQRT1_2),
    "0": () => events.reset(),
    Escape: () => events.clear(),
    n: () => events.step(1),
    p: () => events.step(-1),
    Enter: () => events.open(),
    " ": (event) => events.select(event.shiftKey),
  };

  function pressed(event: KeyboardEvent): void {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action(event);
  }

  element.addEventListener("keydown", pressed);
  return () => element.removeEventListener("keydown", pressed);
}
