interface Props<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: readonly { value: T; name: string; about?: string; off?: boolean }[];
  choose(value: T): void;
}

/** One of a few options, each with a short explanation. */
export function Choice<T extends string>({ legend, name, value, options, choose }: Props<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} class={option.off ? "check off" : "check"}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.off}
            data-testid={`${name}-${option.value}`}
            onChange={() => choose(option.value)}
          />
          <span>
            {option.name} {option.about && <span class="muted">{option.about}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
