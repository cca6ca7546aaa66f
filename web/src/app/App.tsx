import { Dialogs } from "../panels/Dialogs";
import { Grid } from "../panels/Grid";
import { ImageDialog } from "../panels/image/ImageDialog";
import { JobStrip } from "../panels/JobStrip";
import { ProblemsView } from "../panels/ProblemsView";
import { QualityView } from "../panels/QualityView";
import { ResultsView } from "../panels/ResultsView";
import { SelectionPanel } from "../panels/SelectionPanel";
import { Sidebar } from "../panels/Sidebar";
import { TableView } from "../panels/TableView";
import { TeachView } from "../panels/teach/TeachView";
import { Drop } from "./Drop";
import { load } from "./edits";
import { FilterBar } from "./FilterBar";
import { start } from "./jobs";
import { FILTERED } from "./search";
import { MapPane } from "./MapPane";
import { collection, filter, openDialog, opened, sheet, shown, source, trouble, view } from "./store";
import { Toasts } from "./Toasts";
import { TopBar } from "./TopBar";

function NoMap() {
  return (
    <div class="empty" data-testid="no-map">
      <h2>No map yet</h2>
      <p>These images have not been laid out on a map.</p>
      {source.editable && (
        <button type="button" class="button main" onClick={() => (openDialog.value = { kind: "jobs" })}>
          Make one…
        </button>
      )}
    </div>
  );
}

function NoImages() {
  return (
    <div class="empty">
      <h2>No images yet</h2>
      <p>Choose a folder of images: unpool learns from them, groups them and lays them out on a map.</p>
      {source.editable && (
        <button type="button" class="button main" onClick={() => (openDialog.value = { kind: "run" })}>
          New run…
        </button>
      )}
    </div>
  );
}

function Centre() {
  const { images, has } = collection.value ?? { images: 0, has: { map: false } };
  if (images === 0) return <NoImages />;
  return (
    <>
      {has.map ? <MapPane /> : view.value === "map" && <NoMap />}
      {view.value === "grid" && (
        <Grid key={JSON.stringify(filter.value)} rows={shown.value} name="Images" testid="grid" />
      )}
      {view.value === "table" && <TableView />}
      {view.value === "problems" && <ProblemsView />}
      {view.value === "quality" && <QualityView />}
      {view.value === "teach" && <TeachView />}
      {view.value === "results" && <ResultsView />}
    </>
  );
}

function Opening() {
  return (
    <main class="opening">
      <h1>unpool</h1>
      {trouble.value === null ? (
        <p role="status">Opening…</p>
      ) : (
        <>
          <p role="alert">{trouble.value}</p>
          <button type="button" class="button main" onClick={() => void load()}>
            Try again
          </button>
        </>
      )}
    </main>
  );
}

export function App() {
  if (collection.value === null) return <Opening />;
  const alone = view.value === "teach"; // without what chooses images
  return (
    <div class={alone ? "app wide" : "app"}>
      <a class="skip" href="#centre">
        Skip to the images
      </a>
      <TopBar />
      {!alone && <Sidebar />}
      <main id="centre" tabIndex={-1}>
        {source.note !== null && (
          <p class="share-note" role="note" data-testid="note">
            {source.note}
          </p>
        )}
        {collection.value.rebuild !== null && (
          <p class="share-note" role="note" data-testid="rebuild">
            {collection.value.rebuild}.{" "}
            <button type="button" class="button" onClick={() => void start("run", { rebuild: true })}>
              Make them anew
            </button>
          </p>
        )}
        {FILTERED.includes(view.value) && <FilterBar />}
        <div class="centre">
          <Centre />
        </div>
      </main>
      {!alone && <SelectionPanel />}
      <JobStrip />
      {sheet.value !== null && <div class="sheet-back" onClick={() => (sheet.value = null)} />}
      {opened.value !== null && <ImageDialog />}
      {openDialog.value !== null && <Dialogs request={openDialog.value} />}
      {opened.value === null && openDialog.value === null && <Toasts />}
      {source.editable && collection.value.has.model && <Drop />}
    </div>
  );
}
