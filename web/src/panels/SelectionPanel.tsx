import { edit } from "../app/edits";
import { findSimilar } from "../app/search";
import { count, plural } from "../app/format";
import { Icon } from "../app/Icon";
import { IconButton } from "../app/IconButton";
import { clear } from "../app/selectionActions";
import { openDialog, selection, sheet, source } from "../app/store";
import { FieldForm } from "./fields/FieldForm";
import { SaveForm } from "./fields/Saved";
import { Grid } from "./Grid";
import { LabelForm } from "./LabelForm";
import { MoveForm } from "./MoveForm";

/** The button that had the focus goes away with the selection. */
function letGo(): void {
  clear();
  document.getElementById("centre")?.focus();
}

const rows = () => Array.from(selection.value);

function Nothing() {
  return (
    <div class="nothing">
      <p>Nothing is selected.</p>
      <ul>
        <li>Click an image, on the map or in the grid.</li>
        <li>On the map, turn on the lasso (L) and draw around images.</li>
        <li>In the grid, Shift-click takes all up to there, Ctrl-click one more.</li>
        {source.editable && <li>Then name them, move them, or find more like them.</li>}
        {source.editable && <li>Drop or paste a picture anywhere on the page to find similar images.</li>}
      </ul>
    </div>
  );
}

function Changes() {
  return (
    <>
      <LabelForm rows={rows} testid="label" />
      <MoveForm rows={rows} />
      <FieldForm rows={rows} />
      <SaveForm />
      <div class="actions">
        <button
          type="button"
          class="button"
          data-testid="mark-wrong"
          title="Leave them out of what is learned and exported as right"
          onClick={() => void edit({ action: "mark", rows: rows(), wrong: true })}
        >
          Mark as wrong
        </button>
        <button
          type="button"
          class="button"
          data-testid="unmark"
          onClick={() => void edit({ action: "mark", rows: rows(), wrong: false })}
        >
          Unmark
        </button>
        <button
          type="button"
          class="button"
          data-testid="find-similar"
          title="Find the images nearest to the first of these"
          onClick={() => void findSimilar(selection.value[0] as number)}
        >
          <Icon name="search" /> More like the first
        </button>
        <button
          type="button"
          class="button"
          data-testid="export-selection"
          onClick={() => (openDialog.value = { kind: "export" })}
        >
          <Icon name="save" /> Export…
        </button>
      </div>
    </>
  );
}

export function SelectionPanel() {
  const picked = selection.value.length;
  const { value: open } = sheet;
  return (
    <aside
      id="selection"
      class={open === "selection" ? "selection open" : "selection"}
      aria-label="Selection"
      data-testid="selection"
    >
      <header class="selection-head">
        <h2>
          <span class="visually-hidden" role="status">{`${plural(picked, "image")} selected`}</span>
          <span aria-hidden="true">
            <span data-testid="selection-count">{count(picked)}</span> selected
          </span>
        </h2>
        {picked > 0 && (
          <button type="button" class="button quiet" data-testid="selection-clear" onClick={letGo}>
            Clear
          </button>
        )}
        <IconButton
          class="phone-only"
          icon="close"
          name="Close the selection"
          onClick={() => (sheet.value = null)}
        />
      </header>
      {picked === 0 ? (
        <Nothing />
      ) : (
        <>
          {source.editable && <Changes />}
          <Grid
            rows={selection.value}
            name="Selected images"
            testid="selection-grid"
            chosen
            size={84}
          />
        </>
      )}
    </aside>
  );
}
