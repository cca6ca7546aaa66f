import { useState } from "preact/hooks";
import { attempt } from "../app/edits";
import { plural } from "../app/format";
import { Modal } from "../app/Modal";
import { collection, isFiltered, selection, shown, source } from "../app/store";
import { tell } from "../app/telling";
import { Choice } from "./Choice";

type To = "csv" | "parquet" | "folders" | "html";
type Which = "selection" | "shown" | "all";

const FORMATS: readonly { value: To; name: string; about: string }[] = [
  { value: "csv", name: "CSV table", about: "a row an image, for spreadsheets" },
  { value: "parquet", name: "Parquet table", about: "the same, for programs" },
  { value: "folders", name: "Class folders", about: "the images, in a folder for each label" },
  { value: "html", name: "HTML share", about: "the map in one file that opens without unpool" },
];

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  // The download has its own hold on the file once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function rowsFor(which: Which): number[] | null {
  if (which === "all") return null;
  return Array.from(which === "selection" ? selection.value : shown.value);
}

export function ExportDialog({ close }: { close(): void }) {
  const [to, setTo] = useState<To>("csv");
  const [which, setWhich] = useState<Which>(selection.value.length > 0 ? "selection" : isFiltered.value ? "shown" : "all");
  const [name, setName] = useState("classes");
  const [link, setLink] = useState(false);
  const [working, setWorking] = useState(false);
  const images = collection.value?.images ?? 0;
  const scopes: { value: Which; name: string; about: string; off?: boolean }[] = [
    { value: "selection", name: "Selection", about: plural(selection.value.length, "image"), off: selection.value.length === 0 },
    { value: "shown", name: "What the filter leaves", about: plural(shown.value.length, "image"), off: !isFiltered.value },
    { value: "all", name: "All", about: plural(images, "image") },
  ];

  const write = async () => {
    const rows = rowsFor(which);
    if (to === "folders") {
      const made = await source.exportFolders(name.trim(), rows, link);
      tell(`${plural(made.images, "image")} ${link ? "linked" : "copied"} to ${made.path}`);
    } else {
      save(await source.exportFile(to, rows), `${collection.value?.name ?? "unpool"}.${to}`);
      tell("Exported.");
    }
    close();
  };
  const apply = async (event: Event) => {
    event.preventDefault();
    setWorking(true);
    await attempt(write);
    setWorking(false);
  };
  return (
    <Modal title="Export" close={close} testid="export">
      <form class="form" onSubmit={(event) => void apply(event)}>
        <Choice<To> legend="As" name="to" value={to} options={FORMATS} choose={setTo} />
        {to === "folders" && (
          <>
            <label class="field">
              Name of the export
              <input
                type="text"
                required
                maxLength={100}
                value={name}
                data-testid="export-name"
                onInput={(event) => setName(event.currentTarget.value)}
              />
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={link}
                data-testid="export-link"
                onChange={(event) => setLink(event.currentTarget.checked)}
              />
              Link to the images rather than copying them
            </label>
          </>
        )}
        <Choice<Which> legend="Which images" name="which" value={which} options={scopes} choose={setWhich} />
        <div class="form-end">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button main" data-testid="export-apply" disabled={working}>
            {working ? "Exporting…" : "Export"}
          </button>
        </div>
      </form>
    </Modal>
  );
}
