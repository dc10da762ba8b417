/** Tables: heads in groups that can be sorted, heads of rows, and the place where a wide table scrolls. */
import type { ComponentChildren } from 'preact';
import { columnGroups, opensGroup } from '../columns.ts';
import { classes, ModelName, type NamedModel } from './markup.tsx';

export interface HeadColumn {
  readonly title: ComponentChildren;
  /** Columns side by side with the same group stand under one heading. */
  readonly group?: string;
  /** What stands for the group; default: its name. */
  readonly heading?: ComponentChildren;
  /** Shown on hover. */
  readonly description?: string;
  /** Cells of the body under this head. */
  readonly span?: number;
  readonly class?: string;
}

/**
 * The head of a table: a line of group names where there are any, then the titles.
 *
 * @param corner over the heads of the rows, one a column of these
 * @param sortable marks the heads that the page's script lets sort: names as text, figures as numbers
 */
export function Head(props: {
  readonly corner: readonly string[];
  readonly columns: readonly HeadColumn[];
  readonly sortable?: boolean;
}) {
  const { corner, columns, sortable = false } = props;
  return (
    <thead>
      {columns.some(({ group }) => group) && (
        <tr class="groups">
          {corner.map(() => (
            <td />
          ))}
          {columnGroups(columns).map(({ group, indices: [first, ...others] }) =>
            group === '' ? (
              <td colSpan={others.length > 0 ? others.length + 1 : undefined} />
            ) : (
              <th colSpan={others.length + 1} scope="colgroup" class="first" data-group={group}>
                {columns[first!]!.heading ?? group}
              </th>
            ),
          )}
        </tr>
      )}
      <tr>
        {corner.map((title) => (
          <th scope="col" data-sort={sortable ? 'text' : undefined}>
            {title}
          </th>
        ))}
        {columns.map((column, index) => (
          <th
            scope="col"
            title={column.description}
            class={classes(opensGroup(columns, index) && 'first', column.class)}
            data-group={column.group || undefined}
            data-sort={sortable ? 'number' : undefined}
            colSpan={column.span}
          >
            {column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** The head of a model's row. */
export function ModelHead({ model }: { model: NamedModel & { readonly isBaseline?: boolean } }) {
  return (
    <th scope="row" class={model.isBaseline ? 'baseline' : undefined}>
      <ModelName {...model} />
    </th>
  );
}

/** The head of a row that is found and sorted by its name. */
export function NameHead({ name }: { name: string }) {
  return (
    <th scope="row" data-name={name}>
      {name}
    </th>
  );
}

/** A table wider than its place scrolls inside it, with the keyboard too. */
export function Scroll(props: { label: string; class?: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by the keyboard
    // biome-ignore lint/a11y/useSemanticElements: sections of the page have room around them, this is a part of one
    <div class={classes('scroll', props.class)} role="region" aria-label={props.label} tabIndex={0}>
      {props.children}
    </div>
  );
}

/** Tables that belong together, with a heading above and a caption below. */
export function TableFigure(props: {
  heading?: string;
  caption: ComponentChildren;
  class?: string;
  view?: string;
  children: ComponentChildren;
}) {
  return (
    <figure class={classes('tables', props.class)} data-view={props.view}>
      {props.heading && <h3>{props.heading}</h3>}
      {props.children}
      <figcaption>{props.caption}</figcaption>
    </figure>
  );
}

/** One table in its place. */
export function LabelledTable(props: {
  heading?: string;
  label: string;
  caption: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  const { label, children, ...figure } = props;
  return (
    <TableFigure {...figure}>
      <Scroll label={label}>{children}</Scroll>
    </TableFigure>
  );
}

/** A table with a row a model. */
export function ModelTable<T extends NamedModel>(props: {
  heading: string;
  label: string;
  caption: string;
  class: string;
  columns: readonly HeadColumn[];
  models: readonly T[];
  cells: (model: T) => ComponentChildren;
}) {
  const { class: name, columns, models, cells, ...figure } = props;
  return (
    <LabelledTable {...figure}>
      <table class={name}>
        <Head corner={['model']} columns={columns} />
        <tbody>
          {models.map((model) => (
            <tr>
              <ModelHead model={model} />
              {cells(model)}
            </tr>
          ))}
        </tbody>
      </table>
    </LabelledTable>
  );
}
