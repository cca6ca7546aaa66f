import { acceptSuggestion, skip, steps, takeBack, type Next } from "../../app/teach";

interface Props {
  name: string;
  keys: string; // as screen readers announce them
  letter: string;
  main?: boolean;
  disabled?: boolean;
  testid: string;
  act(): void;
}

export function KeyButton({ name, keys, letter, main = false, disabled = false, testid, act }: Props) {
  return (
    <button
      type="button"
      class={main ? "button main" : "button"}
      aria-keyshortcuts={keys}
      disabled={disabled}
      data-testid={testid}
      onClick={act}
    >
      <span class="cut">{name}</span> <kbd aria-hidden="true">{letter}</kbd>
    </button>
  );
}

/** What can be done with the image that is shown. */
export function Steps({ next }: { next: Next | null }) {
  const suggested = next?.label ?? null;
  return (
    <div class="teach-steps" role="group" aria-label="This image">
      <KeyButton
        name="Back"
        keys="Backspace"
        letter="⌫"
        disabled={steps.value.length === 0}
        testid="teach-back"
        act={takeBack}
      />
      {next !== null && <KeyButton name="Skip" keys="S" letter="S" testid="teach-skip" act={skip} />}
      {suggested !== null && (
        <KeyButton name={suggested} keys="Enter" letter="↵" main testid="teach-accept" act={acceptSuggestion} />
      )}
    </div>
  );
}
