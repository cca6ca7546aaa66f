import { useEffect, useState } from "preact/hooks";
import { attempt } from "../app/edits";
import { plural } from "../app/format";
import { Icon } from "../app/Icon";
import { source } from "../app/store";
import type { Place } from "../data/types";

const inside = (folder: string, name: string) => (folder === "" ? name : `${folder}/${name}`);

/** The folders from the root to this one, each with its path. */
function way({ root, folder }: Place): { name: string; path: string }[] {
  const parts = folder === "" ? [] : folder.split("/");
  const top = root.replace(/[/\\]+$/, "").split(/[/\\]/).pop() || root;
  return [{ name: top, path: "" }, ...parts.map((name, place) => ({ name, path: parts.slice(0, place + 1).join("/") }))];
}

/** Browse the folders that the server may read; the open folder is the selected one. */
export function FolderChooser({ chosen }: { chosen(folder: string): void }) {
  const [place, setPlace] = useState<Place | null>(null);
  const go = (folder: string) =>
    attempt(async () => {
      const next = await source.places(folder);
      setPlace(next);
      chosen(next.folder);
    });
  useEffect(() => void go(""), []);
  if (place === null) return <p role="status">Looking for folders…</p>;
  return (
    <fieldset class="folders" data-testid="folders">
      <legend>Folder of images</legend>
      <nav class="crumbs" aria-label="Where the folder is">
        {way(place).map(({ name, path }) => (
          <button
            type="button"
            class="link"
            key={path}
            aria-current={path === place.folder ? "location" : undefined}
            onClick={() => void go(path)}
          >
            {name}
          </button>
        ))}
      </nav>
      <p role="status">
        {place.images > 0 ? `${plural(place.images, "image")} here` : "No images here"}
        {place.folders.length > 0 && `, ${plural(place.folders.length, "folder")}`}
      </p>
      {place.folders.length > 0 && (
        <ul class="entries framed">
          {place.folders.map((name) => (
            <li class="entry" key={name}>
              <button type="button" class="entry-main" onClick={() => void go(inside(place.folder, name))}>
                <Icon name="folder" />
                <span class="cut">{name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}
