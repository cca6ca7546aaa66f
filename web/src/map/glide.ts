import { between, type View } from "./camera";

const DURATION = 280; // milliseconds

/** Moves the camera from view to view, at once for people who prefer reduced motion. */
export interface Glide {
  to(view: View): void;
  stop(): void;
}

export function createGlide(now: () => View, set: (view: View) => void): Glide {
  const reduced = window.matchMedia("(prefers-reduced-motion: reduce)");
  let frame = 0;

  function stop(): void {
    cancelAnimationFrame(frame);
    frame = 0;
  }

  function to(view: View): void {
    stop();
    if (reduced.matches) return set(view);
    const from = now();
    let started: number | null = null;
    const step = (time: number): void => {
      started ??= time;
      const share = Math.min(1, (time - started) / DURATION);
      set(share < 1 ? between(from, view, share * share * (3 - 2 * share)) : view);
      frame = share < 1 ? requestAnimationFrame(step) : 0;
    };
    frame = requestAnimationFrame(step);
  }

  return { to, stop };
}
