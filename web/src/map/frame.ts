/** The elements of the map inside its container. */
export interface Frame {
  plot: HTMLCanvasElement;
  overlay: HTMLCanvasElement;
  announce(text: string): void; // to screen readers
  describe(images: number): void;
  remove(): void;
}

const HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";

export function createFrame(element: HTMLElement): Frame {
  if (getComputedStyle(element).position === "static") element.style.position = "relative";
  element.style.overflow = "hidden";
  element.style.touchAction = "none"; // fingers move the map, not the page
  element.tabIndex = 0;
  element.setAttribute("role", "application");

  const plot = document.createElement("canvas");
  const overlay = document.createElement("canvas");
  for (const canvas of [plot, overlay]) {
    canvas.setAttribute("aria-hidden", "true");
    canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;display:block";
  }
  overlay.style.pointerEvents = "none";

  const live = document.createElement("div");
  live.setAttribute("role", "status");
  live.style.cssText = HIDDEN;
  element.append(plot, overlay, live);

  function describe(images: number): void {
    element.setAttribute(
      "aria-label",
      `Map of ${images.toLocaleString("en")} images: similar images lie near each other. Arrow keys move it, ` +
        "plus and minus zoom, 0 shows all of it, n and p go from image to image, Enter opens one, Space selects one, " +
        "Escape ends the selection. The table shows the same images as rows.",
    );
  }

  describe(0);
  return {
    plot,
    overlay,
    announce: (text) => {
      live.textContent = text;
    },
    describe,
    remove: () => {
      for (const child of [plot, overlay, live]) child.remove();
    },
  };
}
