import { useRef } from "preact/hooks";
import { redo, undo } from "./edits";
import { findFile } from "./search";
import { plural } from "./format";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import { SearchBox } from "./SearchBox";
import { SpaceSelect } from "./SpaceSelect";
import { busy, collection, job, openDialog, source, view } from "./store";
import { undoWhileTeaching } from "./teach";
import { dark, toggleTheme } from "./theme";
import { ViewTabs } from "./ViewTabs";

function FileSearch() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="button quiet file-search"
        title="Find the images nearest to a picture of yours: select a file, or drop or paste it on the page"
        aria-label="Search by image"
        onClick={() => input.current?.click()}
      >
        <Icon name="image" />
        <span>Search by image</span>
      </button>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        aria-label="Search by image"
        data-testid="search-file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) void findFile(file);
        }}
      />
    </>
  );
}

function Changing() {
  const last = collection.value?.undo ?? null;
  const next = collection.value?.redo ?? null;
  const running = job.value?.state === "running";
  return (
    <>
      {collection.value?.has.model && <FileSearch />}
      <IconButton
        icon="undo"
        name="Undo"
        word="Undo"
        title={last === null ? "Nothing to undo" : `Undo: ${last} (Ctrl+Z)`}
        disabled={last === null}
        testid="undo"
        onClick={() => (view.value === "teach" ? undoWhileTeaching() : void undo())}
      />
      <IconButton
        icon="redo"
        name="Redo"
        title={next === null ? "Nothing to redo" : `Redo: ${next} (Ctrl+Shift+Z)`}
        disabled={next === null}
        testid="redo"
        onClick={() => void redo()}
      />
      <IconButton
        icon="play"
        name={running ? "Run (one is running)" : "Run"}
        word="Run"
        title="Run, group, map, check, evaluate"
        testid="jobs-open"
        onClick={() => (openDialog.value = { kind: "jobs" })}
      />
      <IconButton
        icon="save"
        name="Export"
        word="Export"
        testid="export-open"
        onClick={() => (openDialog.value = { kind: "export" })}
      />
    </>
  );
}

/** One cell and the four that it is unpooled to. */
function Logo() {
  return (
    <svg class="logo" viewBox="0 0 24 24" aria-hidden="true">
      <rect x="1" y="1" width="10" height="10" rx="2.5" />
      <rect x="13" y="1" width="10" height="10" rx="5" opacity="0.75" />
      <rect x="1" y="13" width="10" height="10" rx="5" opacity="0.75" />
      <rect x="13" y="13" width="10" height="10" rx="5" opacity="0.5" />
    </svg>
  );
}

export function TopBar() {
  const { name = "unpool", images = 0, skipped = 0 } = collection.value ?? {};
  const counts = plural(images, "image") + (skipped > 0 ? `, ${plural(skipped, "file")} skipped` : "");
  return (
    <header class="top">
      <div class="brand" title={`${name}: ${counts}`}>
        <Logo />
        <h1 class="cut">{name}</h1>
        <span class="muted cut">{counts}</span>
      </div>
      <ViewTabs />
      <SpaceSelect />
      <SearchBox />
      <div class="top-tools">
        {source.editable && <Changing />}
        <IconButton
          icon={dark.value ? "sun" : "moon"}
          name={dark.value ? "Light theme" : "Dark theme"}
          word={dark.value ? "Light" : "Dark"}
          testid="theme-toggle"
          onClick={toggleTheme}
        />
        <IconButton
          icon="help"
          name="Help"
          word="Help"
          title="Keys and help (?)"
          testid="help-open"
          onClick={() => (openDialog.value = { kind: "help" })}
        />
      </div>
      {busy.value > 0 && <div class="busy" />}
    </header>
  );
}
