/** Small pieces that stand in many places of a page. */
import type { ComponentChildren } from 'preact';

/** Names of classes as an attribute; undefined where there is none. */
export function classes(...names: readonly (string | false | undefined)[]): string | undefined {
  return names.filter(Boolean).join(' ') || undefined;
}

/** A figure for the page's script to sort by, without the noise of binary fractions. */
export function exact(value: number | undefined, digits = 8): string | undefined {
  return value === undefined ? undefined : String(Number(value.toPrecision(digits)));
}

/** A model as it is shown: its name after a square in its colour. */
export interface NamedModel {
  readonly label: string;
  readonly color: string;
}

/** The square in a model's colour that stands before its name. */
export function Swatch({ color }: Pick<NamedModel, 'color'>) {
  return <i class="swatch" style={`background:${color}`} />;
}

export function ModelName({ label, color }: NamedModel) {
  return (
    <>
      <Swatch color={color} />
      {label}
    </>
  );
}

/** Which colour is which model, above charts that do not say so themselves. */
export function Key({ models, class: where }: { models: readonly NamedModel[]; class?: string }) {
  return (
    <ul class={classes('key', where)}>
      {models.map(({ label, color }) => (
        <li>
          <i style={`background:${color}`} />
          {label}
        </li>
      ))}
    </ul>
  );
}

/** Text in which `R_net` is a letter with an index. */
export function Subscripts({ text }: { text: string }) {
  // Between the texts stand the letter and its index.
  const parts = text.split(/\b(R|E|mCE)_(\w+)/);
  return <>{parts.map((part, index) => (index % 3 === 2 ? <sub>{part}</sub> : part))}</>;
}

/** Text with code between backquotes. */
export function CodeText({ text }: { text: string }) {
  return <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))}</>;
}

/** Names with what is known of each. */
export function Facts({ facts }: { facts: readonly { readonly name: string; readonly value: string }[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value }) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** Sentences one under another; nothing where there are none. */
export function List({ items, class: name }: { items: readonly ComponentChildren[]; class?: string }) {
  if (items.length === 0) return null;
  return (
    <ul class={name}>
      {items.map((item) => (
        <li>{item}</li>
      ))}
    </ul>
  );
}
