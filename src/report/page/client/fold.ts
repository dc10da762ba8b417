/**
 * A button below a long table that shows its folded rows.
 *
 * @returns what folds the rows in a given order; undefined where the table is short
 */
export function foldRows(
  table: HTMLTableElement,
  refresh: () => void,
): ((order: readonly HTMLTableRowElement[]) => void) | undefined {
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
  return (order) => {
    for (const [index, row] of order.entries()) {
      row.hidden = folded && index >= first && index < order.length - last;
      row.classList.toggle('after-fold', folded && index === order.length - last);
    }
    button.textContent = folded ? `Show the ${count - first - last} rows between` : 'Show fewer rows';
  };
}
