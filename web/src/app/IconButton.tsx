import { Icon, type IconName } from "./Icon";

interface Props {
  icon: IconName;
  name: string; // for screen readers, and shown on hover
  word?: string; // shown beside the icon where there is room
  onClick(event: MouseEvent): void;
  testid?: string;
  pressed?: boolean;
  disabled?: boolean;
  title?: string;
  class?: string;
}

export function IconButton({ icon, name, word, onClick, testid, pressed, disabled, title = name, ...more }: Props) {
  return (
    <button
      type="button"
      class={`icon-button ${word === undefined ? "" : "worded"} ${more.class ?? ""}`}
      aria-label={name}
      aria-pressed={pressed}
      title={title}
      disabled={disabled}
      data-testid={testid}
      onClick={onClick}
    >
      <Icon name={icon} />
      {word !== undefined && <span aria-hidden="true">{word}</span>}
    </button>
  );
}
