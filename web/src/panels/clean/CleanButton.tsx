import { openDialog } from "../../app/store";

/** Opens the plan of what goes and what stays. */
export function CleanButton({ problem }: { problem: string }) {
  return (
    <button
      type="button"
      class="button"
      data-testid="clean-open"
      title="Move the files to the trash or to a folder; a plan comes first"
      onClick={() => (openDialog.value = { kind: "clean", problem })}
    >
      Clean up…
    </button>
  );
}
