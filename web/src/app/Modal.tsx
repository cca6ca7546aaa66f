import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./IconButton";
import { Toasts } from "./Toasts";

interface Props {
  title: string;
  close(): void;
  children: ComponentChildren;
  class?: string;
  testid?: string;
  tools?: ComponentChildren; // beside the title
}

/** A click on the backdrop is one on the dialog itself, as is one on its scroll bar. */
function isOutside(event: MouseEvent, dialog: HTMLDialogElement | null): boolean {
  if (dialog === null || event.target !== dialog) return false;
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  const { clientX: x, clientY: y } = event;
  return x < left || x > right || y < top || y > bottom;
}

/** A native dialog over the page while it is mounted; what had the focus gets it back. */
export function Modal({ title, close, children, testid, tools, ...more }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`modal ${more.class ?? ""}`}
      aria-labelledby={heading}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onMouseDown={(event) => isOutside(event, dialog.current) && close()}
    >
      <div class="modal-body">
        <header class="modal-head">
          <h2 id={heading} title={title}>
            {title}
          </h2>
          {tools}
          <IconButton icon="close" name="Close" onClick={close} testid="dialog-close" />
        </header>
        {children}
      </div>
      {/* What is outside an open dialog can neither be clicked nor heard. */}
      <Toasts />
    </dialog>
  );
}
