import { useState } from "preact/hooks";
import { attempt } from "../app/edits";
import { plural } from "../app/format";
import { Modal } from "../app/Modal";
import { collection, isFiltered, selection, shown, source } from "../app/store";
import { notify } from "../app/notifications";
import { Choice } from "./Choice";

type Which = "selection" | "shown" | "all";

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
  const formats = collection.value?.meta.formats ?? [];
  const [to, setTo] = useState(formats[0]?.name ?? "");
  const format = formats.find((one) => one.name === to);
  const options = formats.map(({ name, title, description }) => ({ value: name, name: title, about: description }));
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
    if (format?.is_file === false) {
      const done = !format.takes_links ? "written" : link ? "linked" : "copied";
      const exported = await source.exportFolders(to, name.trim(), rows, link && format.takes_links);
      notify(`${plural(exported.images, "image")} ${done} to ${exported.path}`);
    } else {
      save(await source.exportFile(to, rows), `${collection.value?.name ?? "unpool"}.${to}`);
      notify("Exported.");
    }
    close();
  };
  const chooseFormat = (next: string) => {
    setTo(next);
    setName(next === "folders" ? "classes" : next);
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
        <Choice legend="As" name="to" value={to} options={options} choose={chooseFormat} />
        {format?.is_file === false && (
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
