import createRegl from "regl";
import { createRenderer } from "regl-scatterplot";
import type { View } from "./camera";

type Renderer = ReturnType<typeof createRenderer>;

// The WebGL extensions that regl-scatterplot requires, from its own source.
const EXTENSIONS = ["OES_texture_float", "OES_element_index_uint", "WEBGL_color_buffer_float", "EXT_float_blend"];
const SLOW = 25; // milliseconds that drawing may take to be done in every frame
const VERY_SLOW = 100; // milliseconds from which on it is done only when the camera stands still
const REST = 3; // times as long as it took, a slow drawing is not done again while the camera moves
const STOPPED_AFTER = 100; // milliseconds without movement, or as long as drawing takes: frames come late after one
const LONGEST_STOP = 1_000;
const MEASURED = 8; // one in so many drawings is waited for

/**
 * regl-scatterplot's renderer. Where drawing takes long (a million points without a graphics card) it shows the latest
 * drawing moved along with the camera, and draws again only so often that the page stays responsive.
 */
export function createAdaptiveRenderer(view: () => View, again: () => void): Renderer {
  const canvas = document.createElement("canvas");
  // Points smooth their edges themselves: without a graphics card, smoothing them twice takes as long as drawing them.
  const gl = canvas.getContext("webgl", { antialias: false, preserveDrawingBuffer: true })!;
  const renderer = createRenderer({ canvas, regl: createRegl({ gl, extensions: EXTENSIONS }) });
  const latest = document.createElement("canvas");
  let seen: View | null = null; // where the latest drawing was made
  let took = 0;
  let count = 0;
  let drawnAt = -Infinity;
  let timer = 0;
  let due = false;

  function render(draw: () => void, target: HTMLCanvasElement): void {
    const now = performance.now();
    const isSameSize = latest.width === target.width && latest.height === target.height;
    const rest = took > VERY_SLOW ? Infinity : took * REST;
    if (took > SLOW && seen !== null && isSameSize && !due && now - drawnAt < rest) {
      shift(target, seen);
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        due = true;
        again();
      }, Math.max(STOPPED_AFTER, Math.min(took, LONGEST_STOP)));
      return;
    }
    window.clearTimeout(timer);
    due = false;
    renderer.render(draw, target);
    if (count++ % MEASURED === 0) {
      waitForPixels();
      took = performance.now() - now;
    }
    drawnAt = performance.now();
    if (took > SLOW) keep(target);
  }

  /** Commands of WebGL only queue up; a pixel can be read once they are done. */
  function waitForPixels(): void {
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  function keep(target: HTMLCanvasElement): void {
    latest.width = target.width;
    latest.height = target.height;
    latest.getContext("2d")?.drawImage(target, 0, 0);
    seen = view();
  }

  function shift(target: HTMLCanvasElement, from: View): void {
    const to = view();
    const grown = to.scale / from.scale;
    const pixels = target.width / to.width;
    const context = target.getContext("2d");
    context?.clearRect(0, 0, target.width, target.height);
    context?.drawImage(
      latest,
      (to.x0 - from.x0 * grown) * pixels,
      (to.y0 - from.y0 * grown) * pixels,
      target.width * grown,
      target.height * grown,
    );
  }

  return Object.create(renderer, {
    render: { value: render },
    destroy: {
      value: () => {
        window.clearTimeout(timer);
        renderer.destroy();
      },
    },
  });
}
