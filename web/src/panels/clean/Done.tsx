import { attempt, load } from "../../app/edits";
import { bytes, count, plural } from "../../app/format";
import { notify } from "../../app/notifications";
import { source } from "../../app/store";
import type { Cleaned } from "../../data/types";

/** What was moved, and the way back. */
export function Done({ done, close }: { done: Cleaned; close(): void }) {
  const bring = () =>
    void attempt(async () => {
      const { restored, left } = await source.restore(done.manifest);
      await load();
      const others = left > 0 ? `; ${plural(left, "file")} could not be` : "";
      notify(`${plural(restored, "file")} brought back${others}.`, { bad: left > 0 });
      close();
    });
  return (
    <div class="form" data-testid="cleaned">
      <p role="status">
        {plural(done.moved, "file")} moved, {bytes(done.bytes)}; {count(done.kept)} stayed.
        {done.left > 0 && ` ${plural(done.left, "file")} left alone: changed or gone meanwhile.`}
      </p>
      <p class="muted path">
        They can also be brought back later: <code>unpool clean --undo {done.manifest}</code>
      </p>
      <div class="form-end">
        <button type="button" class="button" data-testid="clean-undo" disabled={done.manifest === ""} onClick={bring}>
          Bring them back
        </button>
        <button type="button" class="button main" onClick={close}>
          Done
        </button>
      </div>
    </div>
  );
}
