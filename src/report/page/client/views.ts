/** The controls above some tables: figures relative to the baseline, one of several tables, groups, part of the models. */
export function connectControls(form: HTMLFormElement): void {
  const figure = form.closest('figure')!;
  // Browsers keep what was chosen over a reload; the tables start anew.
  form.reset();
  form.hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', apply);
  apply();

  function apply(): void {
    const chosen = new FormData(form);
    const text = (name: string) => chosen.get(name)?.toString();
    const view = text('view');
    if (view !== undefined) showView(figure, view);
    const panel = text('panel');
    if (panel !== undefined) showPanel(figure, panel);
    if (form.elements.namedItem('group')) showGroups(figure, new Set(chosen.getAll('group').map(String)));
    const models = text('models');
    if (models !== undefined) showModels(figure, models);
    for (const table of figure.querySelectorAll('table')) table.dispatchEvent(new Event('viewchange'));
  }
}

/** One of several tables. */
function showPanel(figure: HTMLElement, name: string): void {
  for (const panel of figure.querySelectorAll<HTMLElement>('[data-panel]')) {
    panel.hidden = panel.dataset.panel !== name;
  }
}

/** Figures as they are, as ratios to the baseline, or as differences from it. */
function showView(figure: HTMLElement, view: string): void {
  figure.dataset.view = view;
  for (const cell of figure.querySelectorAll<HTMLTableCellElement>('td[data-value]')) {
    const { ratio, points } = cell.dataset;
    if (ratio === undefined && points === undefined) continue;
    cell.dataset.error ??= cell.textContent ?? '';
    cell.textContent = (view === 'ratio' ? ratio : view === 'points' ? points : cell.dataset.error) ?? '—';
  }
}

/** @param groups those that are shown */
function showGroups(figure: HTMLElement, groups: ReadonlySet<string>): void {
  for (const element of figure.querySelectorAll<HTMLElement>('th[data-group], tr[data-group]')) {
    const hidden = !groups.has(element.dataset.group ?? '');
    element.hidden = hidden;
    if (!(element instanceof HTMLTableCellElement) || element.colSpan > 1 || element.closest('tr.groups'))
      continue;
    for (const body of element.closest('table')?.tBodies ?? []) {
      for (const row of body.rows) {
        const cell = row.cells[element.cellIndex];
        if (cell) cell.hidden = hidden;
      }
    }
  }
}

/** @param text part of the names that are shown */
function showModels(figure: HTMLElement, text: string): void {
  const wanted = text.trim().toLowerCase();
  for (const name of figure.querySelectorAll<HTMLElement>('tbody th[data-name]')) {
    const row = name.closest('tr');
    if (row) row.hidden = !(name.dataset.name ?? '').toLowerCase().includes(wanted);
  }
}
