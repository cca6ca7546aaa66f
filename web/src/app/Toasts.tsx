import { undo } from "./edits";
import { IconButton } from "./IconButton";
import { toasts } from "./store";
import { dismiss } from "./notifications";

export function Toasts() {
  return (
    <div class="toasts" role="region" aria-label="Messages">
      <div aria-live="polite">
        {toasts.value.map((toast) => (
          <div class={toast.bad ? "toast bad" : "toast"} key={toast.id} data-testid="toast">
            <span>{toast.text}</span>
            {toast.undo && (
              <button
                type="button"
                class="link"
                onClick={() => {
                  dismiss(toast.id);
                  void undo();
                }}
              >
                Undo
              </button>
            )}
            <IconButton icon="close" name="Dismiss" onClick={() => dismiss(toast.id)} />
          </div>
        ))}
      </div>
    </div>
  );
}
