import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { findFile } from "./search";
import { Icon } from "./Icon";

function pictureIn(data: DataTransfer | null): File | null {
  const files = [...(data?.files ?? [])];
  return files.find((file) => file.type.startsWith("image/")) ?? files[0] ?? null;
}

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

/** Searches by a picture that is dropped or pasted anywhere on the page. */
export function Drop() {
  const over = useSignal(false);
  useEffect(() => {
    const drag = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      over.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) over.value = false;
    };
    const search = (event: Event, data: DataTransfer | null) => {
      over.value = false;
      const file = pictureIn(data);
      if (file === null) return;
      event.preventDefault();
      void findFile(file);
    };
    const drop = (event: DragEvent) => search(event, event.dataTransfer);
    const paste = (event: ClipboardEvent) => search(event, event.clipboardData);
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
      removeEventListener("paste", paste);
    };
  }, []);
  if (!over.value) return null;
  return (
    <div class="drop-overlay" data-testid="drop-overlay">
      <p>
        <Icon name="image" /> Drop a picture to find the images nearest to it
      </p>
    </div>
  );
}
