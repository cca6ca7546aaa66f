import { openDialog, type DialogRequest } from "../app/store";
import { CleanDialog } from "./clean/CleanDialog";
import { ExportDialog } from "./ExportDialog";
import { HelpDialog } from "./HelpDialog";
import { JobsDialog } from "./JobsDialog";
import { LabelDialog } from "./LabelDialog";
import { RunDialog } from "./RunDialog";

const close = () => {
  openDialog.value = null;
};

export function Dialogs({ request }: { request: DialogRequest }) {
  switch (request.kind) {
    case "export":
      return <ExportDialog close={close} />;
    case "help":
      return <HelpDialog close={close} />;
    case "jobs":
      return <JobsDialog close={close} />;
    case "run":
      return <RunDialog close={close} />;
    case "clean":
      return <CleanDialog problem={request.problem} done={request.done} close={close} />;
    case "label":
      return <LabelDialog rows={request.rows} title={request.title} close={close} />;
  }
}
