import { Modal } from "../app/Modal";
import { collection, source } from "../app/store";

const KEYS: readonly [string, string][] = [
  ["1, 2, 3 …", "map, grid, table, and the other views"],
  ["/", "search, by words or in paths"],
  ["Arrow keys", "grid: go from image to image; map: move it"],
  ["Enter", "open the image"],
  ["Space", "select it, or deselect it"],
  ["Shift + arrow keys", "grid: select all images in between"],
  ["Ctrl + A", "select all that is shown"],
  ["Esc", "step back: close, leave the results, clear the selection"],
  ["L", "map: lasso on or off"],
  ["I", "map: pictures on or off"],
  ["N, P", "map: the next image in view, the one before"],
  ["+ − 0", "map: closer, farther, all of it"],
  ["← →", "in an open image: the one before, the next"],
  ["+ − 0", "in an open image: larger, smaller, fit"],
  ["?", "this help"],
];
const TEACHING: readonly [string, string][] = [
  ["T", "teach: name one image after the other"],
  ["1 … 9", "teach: give the image that name; N for a new one"],
  ["Enter", "teach: accept the suggested name"],
  ["S, →", "teach: skip the image"],
  ["Backspace, ←", "teach: take the last step back"],
  ["A, X", "teach: all images shown together have that name, or none of them"],
];
const INSPECTING: readonly [string, string][] = [
  ["G, B", "not good, or an open image: call it good, or not good"],
  ["↑ ↓", "not good: the image before, the next"],
  ["H", "in an open image: the heat map on or off"],
];
const CHANGES: readonly [string, string][] = [
  ["Ctrl + Z", "undo the last thing done"],
  ["Ctrl + Shift + Z", "redo what was undone"],
];

export function HelpDialog({ close }: { close(): void }) {
  const keys = source.editable ? [...KEYS, ...TEACHING, ...(collection.value?.inspection ? INSPECTING : []), ...CHANGES] : KEYS;
  return (
    <Modal title="Keys and help" close={close} testid="help">
      <p>
        Every point of the map is an image; similar images lie close together, in the colour of their group. Zoom in to
        see more of the pictures. The grid and the table show the same images without the map.
      </p>
      {source.editable && (
        <p>
          Drop or paste a picture anywhere on the page to find the images nearest to it. Whatever you change can be
          undone, and the image files themselves are never touched.
        </p>
      )}
      <table class="keys">
        <caption class="visually-hidden">Keys</caption>
        <tbody>
          {keys.map(([key, does]) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
