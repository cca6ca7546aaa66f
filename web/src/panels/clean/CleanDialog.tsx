import { Modal } from "../../app/Modal";
import type { Cleaned } from "../../data/types";
import { problemTitle } from "../problems";
import { Done } from "./Done";
import { Planning } from "./Planning";

export function CleanDialog({ problem, done, close }: { problem: string; done?: Cleaned; close(): void }) {
  return (
    <Modal title={`Clean up: ${problemTitle(problem).toLowerCase()}`} close={close} class="wide-dialog" testid="clean">
      {done === undefined ? <Planning problem={problem} close={close} /> : <Done done={done} close={close} />}
    </Modal>
  );
}
