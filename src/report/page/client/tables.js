/**
 * Tables that can be sorted, filtered and shown relative to the baseline.
 *
 * A table marked `data-sortable` gets a button in each column head marked `data-sort`: the first press sorts from
 * small to large, the second from large to small, the third restores the order of the report. Rows without a figure
 * come last either way. `data-fold="12,8"` keeps the first 12 and the last 8 rows and folds what is between.
 */

for (const table of document.querySelectorAll('table[data-sortable]')) {
  if (table instanceof HTMLTableElement) makeSortable(table);
}
for (const form of document.querySelectorAll('form.controls')) {
  if (form instanceof HTMLFormElement) connect(form);
}

/** @param {HTMLTableElement} table */
function makeSortable(table) {
  const bodies = [...table.tBodies].filter((body) => !body.classList.contains('fixed'));
  const original = new Map(bodies.map((body) => [body, [...body.rows]]));
  const heads = [...table.querySelectorAll('th[data-sort]')].filter((head) => isCell(head));
  /** @type {{ head: HTMLTableCellElement, direction: 'ascending' | 'descending' } | undefined} */
  let sorted;

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
  const unfold = addUnfold(table, () => apply());
  apply();

  function apply() {
    for (const head of heads) head.removeAttribute('aria-sort');
    if (sorted) sorted.head.setAttribute('aria-sort', sorted.direction);
    table.toggleAttribute('data-sorted', sorted !== undefined);
    for (const [body, rows] of original) {
      const order = sorted ? sortRows(rows, sorted) : rows;
      body.append(...order);
      if (unfold) unfold.fold(order);
    }
  }
}

/**
 * @param {HTMLTableRowElement[]} rows
 * @param {{ head: HTMLTableCellElement, direction: 'ascending' | 'descending' }} by
 */
function sortRows(rows, { head, direction }) {
  const sign = direction === 'ascending' ? 1 : -1;
  const keyed = rows.map((row) => ({ row, key: sortKey(row, head) }));
  return keyed
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

/**
 * What a row is sorted by: the exact figure behind what is shown; undefined where there is none.
 *
 * @param {HTMLTableRowElement} row
 * @param {HTMLTableCellElement} head
 * @returns {number | string | undefined}
 */
function sortKey(row, head) {
  const cell = row.cells[head.cellIndex];
  if (!cell) return undefined;
  if (head.dataset.sort === 'text') return cell.dataset.name ?? cell.textContent ?? '';
  const { value, reference } = cell.dataset;
  if (value === undefined) return undefined;
  const view = cell.closest('figure')?.dataset.view ?? 'error';
  if (view === 'error' || !isRelated(head, cell)) return Number(value);
  if (reference === undefined) return undefined;
  return view === 'ratio' ? Number(value) / Number(reference) : Number(value) - Number(reference);
}

/**
 * Whether a column's figures change with the view; metrics stay as they are.
 *
 * @param {HTMLTableCellElement} head
 * @param {HTMLTableCellElement} cell
 */
function isRelated(head, cell) {
  return head.dataset.group !== undefined || cell.closest('tr')?.dataset.group !== undefined;
}

/**
 * A button below a long table that shows the folded rows. Undefined where the table is short.
 *
 * @param {HTMLTableElement} table
 * @param {() => void} refresh
 */
function addUnfold(table, refresh) {
  const [first, last] = (table.dataset.fold ?? '').split(',').map(Number);
  const count = table.tBodies[0]?.rows.length ?? 0;
  if (!first || !last || count <= first + last) return undefined;
  let folded = true;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'unfold';
  button.addEventListener('click', () => {
    folded = !folded;
    refresh();
  });
  (table.closest('.scroll') ?? table).after(button);
  return {
    /** @param {HTMLTableRowElement[]} order */
    fold(order) {
      for (const [index, row] of order.entries()) {
        const inside = index >= first && index < order.length - last;
        row.hidden = folded && inside;
        row.classList.toggle('after-fold', folded && index === order.length - last);
      }
      button.textContent = folded ? `Show the ${count - first - last} rows between` : 'Show fewer rows';
    },
  };
}

/**
 * Connects the controls above some tables with them.
 *
 * @param {HTMLFormElement} form
 */
function connect(form) {
  const figure = /** @type {HTMLElement} */ (form.closest('figure'));
  // Browsers keep what was chosen over a reload; the tables start anew.
  form.reset();
  form.hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', apply);
  apply();

  function apply() {
    const chosen = new FormData(form);
    const view = chosen.get('view');
    if (typeof view === 'string') showView(figure, view);
    const panel = chosen.get('panel');
    if (typeof panel === 'string') showPanel(figure, panel);
    if (form.elements.namedItem('group')) showGroups(figure, new Set(chosen.getAll('group').map(String)));
    const models = chosen.get('models');
    if (typeof models === 'string') showModels(figure, models);
    for (const table of figure.querySelectorAll('table')) table.dispatchEvent(new Event('viewchange'));
  }
}

/**
 * One of several tables.
 *
 * @param {HTMLElement} figure
 * @param {string} name
 */
function showPanel(figure, name) {
  for (const panel of figure.querySelectorAll('[data-panel]')) {
    if (panel instanceof HTMLElement) panel.hidden = panel.dataset.panel !== name;
  }
}

/**
 * Figures as they are, as ratios to the baseline, or as differences from it.
 *
 * @param {HTMLElement} figure
 * @param {string} view
 */
function showView(figure, view) {
  figure.dataset.view = view;
  for (const cell of figure.querySelectorAll('td[data-value]')) {
    if (!isCell(cell)) continue;
    const { ratio, points } = cell.dataset;
    if (ratio === undefined && points === undefined) continue;
    cell.dataset.error ??= cell.textContent ?? '';
    cell.textContent = (view === 'ratio' ? ratio : view === 'points' ? points : cell.dataset.error) ?? '—';
  }
}

/**
 * @param {HTMLElement} figure
 * @param {ReadonlySet<string>} groups those that are shown
 */
function showGroups(figure, groups) {
  for (const element of figure.querySelectorAll('th[data-group], tr[data-group]')) {
    if (!(element instanceof HTMLElement)) continue;
    const hidden = !groups.has(element.dataset.group ?? '');
    element.hidden = hidden;
    if (!isCell(element) || element.colSpan > 1 || element.closest('tr.groups')) continue;
    for (const body of element.closest('table')?.tBodies ?? []) {
      for (const row of body.rows) {
        const cell = row.cells[element.cellIndex];
        if (cell) cell.hidden = hidden;
      }
    }
  }
}

/**
 * @param {HTMLElement} figure
 * @param {string} text part of the names that are shown
 */
function showModels(figure, text) {
  const wanted = text.trim().toLowerCase();
  for (const name of figure.querySelectorAll('tbody th[data-name]')) {
    const row = name.closest('tr');
    if (row && name instanceof HTMLElement) {
      row.hidden = !(name.dataset.name ?? '').toLowerCase().includes(wanted);
    }
  }
}

/**
 * @param {Element} element
 * @returns {element is HTMLTableCellElement}
 */
function isCell(element) {
  return element instanceof HTMLTableCellElement;
}
