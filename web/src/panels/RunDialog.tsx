import { useState } from "preact/hooks";
import { start } from "../app/jobs";
import { Modal } from "../app/Modal";
import { FolderChooser } from "./FolderChooser";
import { GroupCount, parseGroups } from "./GroupCount";

export function RunDialog({ close }: { close(): void }) {
  const [folder, setFolder] = useState<string | null>(null);
  const [groups, setGroups] = useState("");
  const [minutes, setMinutes] = useState("");
  const go = (event: Event) => {
    event.preventDefault();
    if (folder === null) return;
    const most: Record<string, number> = minutes === "" ? {} : { minutes: Number(minutes) };
    // Without a number, groups that somebody requested or made stay.
    const count: Record<string, number | "auto"> = groups === "" ? {} : { groups: parseGroups(groups) };
    void start("run", { folder, ...count, ...most });
  };
  return (
    <Modal title="New run" close={close} testid="run">
      <form class="form" onSubmit={go}>
        <p class="muted">
          A network learns from the images of a folder and those in it; then they are grouped and laid out on a map. The
          images themselves are only read. Of a folder that was run before, map and groups stay and new images join them,
          unless you give another number of groups.
        </p>
        <FolderChooser chosen={setFolder} />
        <div class="fields">
          <GroupCount value={groups} choose={setGroups} />
          <label class="field">
            Minutes at most
            <input
              type="number"
              min={0.1}
              step="any"
              value={minutes}
              placeholder="no limit"
              onInput={(event) => setMinutes(event.currentTarget.value)}
            />
          </label>
        </div>
        <div class="form-end">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button main" data-testid="run-start" disabled={folder === null}>
            Start
          </button>
        </div>
      </form>
    </Modal>
  );
}
