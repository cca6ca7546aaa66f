import { plural } from "../app/format";
import { Modal } from "../app/Modal";
import { LabelForm } from "./LabelForm";

export function LabelDialog({ rows, title, close }: { rows: number[]; title: string; close(): void }) {
  return (
    <Modal title={title} close={close} testid="label-dialog" class="narrow">
      <p class="muted">{plural(rows.length, "image")}. Labels are kept with the images and survive new runs.</p>
      <LabelForm rows={() => rows} testid="dialog-label" done={close} focused />
    </Modal>
  );
}
