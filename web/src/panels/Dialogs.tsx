import { asked as asking, type Asked } from "../app/store";
import { ExportDialog } from "./ExportDialog";
import { HelpDialog } from "./HelpDialog";
import { JobsDialog } from "./JobsDialog";
import { LabelDialog } from "./LabelDialog";
import { RunDialog } from "./RunDialog";

const close = () => {
  asking.value = null;
};

export function Dialogs({ asked }: { asked: Asked }) {
  switch (asked.kind) {
    case "export":
      return <ExportDialog close={close} />;
    case "help":
      return <HelpDialog close={close} />;
    case "jobs":
      return <JobsDialog close={close} />;
    case "run":
      return <RunDialog close={close} />;
    case "label":
      return <LabelDialog rows={asked.rows} title={asked.title} close={close} />;
  }
}
