/** What is pressed above tables. Hidden until the page's script can act on it. */
import type { ComponentChildren } from 'preact';

interface Choices {
  readonly name: string;
  readonly legend: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

export function Controls({ children }: { children: ComponentChildren }) {
  return (
    <form class="controls" hidden>
      {children}
    </form>
  );
}

/** Choices of which one holds: radio buttons in a row. */
export function Choice(choices: Choices) {
  return <Options {...choices} type="radio" checked={(index) => index === 0} />;
}

/** Choices that hold or not, each for itself; all hold at first. */
export function Toggles(choices: Choices) {
  return <Options {...choices} type="checkbox" checked={() => true} />;
}

function Options(
  props: Choices & { readonly type: 'radio' | 'checkbox'; readonly checked: (index: number) => boolean },
) {
  const { name, legend, options, type, checked } = props;
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div>
        {options.map(({ value, label }, index) => (
          <label>
            <input type={type} name={name} value={value} checked={checked(index)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
