/**
 * Tables that can be sorted, filtered and shown relative to the baseline.
 *
 * A table marked `data-sortable` gets a button in each column head marked `data-sort`: the first press sorts from
 * small to large, the second from large to small, the third restores the order of the report. Rows without a figure
 * come last either way. `data-fold="12,8"` keeps the first 12 and the last 8 rows and folds what is between.
 */
import { foldRows } from './fold.ts';
import { connectControls } from './views.ts';

interface Order {
  readonly head: HTMLTableCellElement;
  readonly direction: 'ascending' | 'descending';
}

export function makeTablesSortable(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>('table[data-sortable]'))
    makeSortable(table);
  for (const form of document.querySelectorAll<HTMLFormElement>('form.controls')) connectControls(form);
}

function makeSortable(table: HTMLTableElement): void {
  const bodies = [...table.tBodies].filter((body) => !body.classList.contains('fixed'));
  const original = new Map(bodies.map((body) => [body, [...body.rows]]));
  const heads = [...table.querySelectorAll<HTMLTableCellElement>('th[data-sort]')];
  let sorted: Order | undefined;

  for (const head of heads) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const again = sorted?.head === head ? sorted.direction : undefined;
      if (again === 'descending') sorted = undefined;
      else sorted = { head, direction: again === 'ascending' ? 'descending' : 'ascending' };
      apply();
    });
  }
  table.addEventListener('viewchange', apply);
  const fold = foldRows(table, apply);
  apply();

  function apply(): void {
    for (const head of heads) head.removeAttribute('aria-sort');
    if (sorted) sorted.head.setAttribute('aria-sort', sorted.direction);
    table.toggleAttribute('data-sorted', sorted !== undefined);
    for (const [body, rows] of original) {
      const order = sorted ? sortRows(rows, sorted) : rows;
      body.append(...order);
      fold?.(order);
    }
  }
}

function sortRows(rows: readonly HTMLTableRowElement[], { head, direction }: Order): HTMLTableRowElement[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, key: sortKey(row, head) }))
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) {
        return Number(a.key === undefined) - Number(b.key === undefined);
      }
      if (typeof a.key === 'string' || typeof b.key === 'string') {
        return sign * String(a.key).localeCompare(String(b.key), undefined, { numeric: true });
      }
      return sign * (a.key - b.key);
    })
    .map(({ row }) => row);
}

/** What a row is sorted by: the exact figure behind what is shown; undefined where there is none. */
function sortKey(row: HTMLTableRowElement, head: HTMLTableCellElement): number | string | undefined {
  const cell = row.cells[head.cellIndex];
  if (!cell) return undefined;
  if (head.dataset.sort === 'text') return cell.dataset.name ?? cell.textContent ?? '';
  const { value, reference } = cell.dataset;
  if (value === undefined) return undefined;
  const view = cell.closest('figure')?.dataset.view ?? 'error';
  // A column's figures change with the view; metrics stay as they are.
  const related = head.dataset.group !== undefined || row.dataset.group !== undefined;
  if (view === 'error' || !related) return Number(value);
  if (reference === undefined) return undefined;
  return view === 'ratio' ? Number(value) / Number(reference) : Number(value) - Number(reference);
}
