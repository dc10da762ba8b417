/**
 * The card with exact figures. What it shows stands in the page already, as `title` of an HTML element or as
 * `<title>` of a mark in a chart: a heading, then lines whose cells are parted by tabs. This script lays that text
 * out as a table, on hover, on keyboard focus and on a tap, and keeps the browser's own bubble away.
 */

/** Pixels from a mark within which it is meant. */
const REACH = 40;
/** Milliseconds in which the pointer may cross the gap to the card. */
const PATIENCE = 140;

const texts = new WeakMap<Element, string>();
const marks = new WeakMap<SVGSVGElement, Element[]>();

/** What the card is about. */
let shown: Element | undefined;
/** Opened by a tap or by the keyboard: stays until something else is chosen. */
let pinned = false;
let leaving: ReturnType<typeof setTimeout> | undefined;
/** Where the mouse was last. */
let pointer: { readonly x: number; readonly y: number } | undefined;

const card = document.createElement('div');
card.id = 'tip';
card.setAttribute('role', 'tooltip');
card.hidden = true;

export function showTips(): void {
  for (const element of document.querySelectorAll('main [title]')) {
    texts.set(element, element.getAttribute('title') ?? '');
    element.removeAttribute('title');
    element.classList.add('has-tip');
  }
  for (const title of document.querySelectorAll('main svg title')) {
    const mark = title.parentElement ?? title.parentNode;
    const chart = title.closest('svg');
    if (!(mark instanceof SVGElement) || !chart) continue;
    texts.set(mark, title.textContent ?? '');
    marks.set(chart, [...(marks.get(chart) ?? []), mark]);
    title.remove();
  }

  document.body.append(card);
  document.addEventListener('pointermove', ({ pointerType, target, clientX, clientY }) => {
    if (pointerType !== 'mouse' || !(target instanceof Element)) return;
    pointer = { x: clientX, y: clientY };
    if (card.contains(target)) {
      clearTimeout(leaving);
      return;
    }
    const found = findTarget(target, clientX, clientY);
    if (found) show(found, false);
    else if (!pinned) hideSoon();
  });
  document.documentElement.addEventListener('pointerleave', () => {
    pointer = undefined;
    if (!pinned) hide();
  });

  document.addEventListener('click', ({ target, clientX, clientY }) => {
    if (!(target instanceof Element) || card.contains(target)) return;
    const found = findTarget(target, clientX, clientY);
    if (!found || (pinned && found === shown)) hide();
    else show(found, true);
  });

  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element) || !target.matches(':focus-visible')) return;
    const found = target.closest('.has-tip');
    if (found) show(found, true);
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
    else moveInTable(event);
  });
  for (const moved of ['scroll', 'resize']) addEventListener(moved, follow, { capture: true, passive: true });

  for (const table of document.querySelectorAll('table:has(td.has-tip)')) {
    // One stop of the Tab key a table; arrows go on from there.
    table.querySelector('td.has-tip')?.setAttribute('tabindex', '0');
  }
}

/** When the page moves: a card that stays goes along, else it shows what is below the mouse now. */
function follow(): void {
  const below = pointer && document.elementFromPoint(pointer.x, pointer.y);
  if (!(shown && pinned)) {
    if (below && card.contains(below)) return;
    const found = below && pointer && findTarget(below, pointer.x, pointer.y);
    if (found) show(found, false);
    else hide();
  }
  if (shown) place(shown.getBoundingClientRect());
}

/** The element with a tip that the pointer means: the one below it, or the mark of a chart nearest to it. */
function findTarget(target: Element, x: number, y: number): Element | undefined {
  const chart = target.closest('svg');
  if (!chart) return target.closest('.has-tip') ?? undefined;
  let nearest: Element | undefined;
  let least = REACH;
  for (const mark of marks.get(chart) ?? []) {
    const { left, right, top, bottom } = mark.getBoundingClientRect();
    const distance = Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
    if (distance < least) [nearest, least] = [mark, distance];
  }
  return nearest;
}

function show(element: Element, pin: boolean): void {
  clearTimeout(leaving);
  if (shown === element) {
    pinned ||= pin;
    return;
  }
  hide();
  const text = texts.get(element);
  if (!text) return;
  shown = element;
  pinned = pin;
  element.classList.add('tipped');
  if (element instanceof HTMLElement) element.setAttribute('aria-describedby', card.id);
  fill(text);
  card.hidden = false;
  place(element.getBoundingClientRect());
}

function hideSoon(): void {
  clearTimeout(leaving);
  if (shown) leaving = setTimeout(hide, PATIENCE);
}

function hide(): void {
  clearTimeout(leaving);
  shown?.classList.remove('tipped');
  shown?.removeAttribute('aria-describedby');
  shown = undefined;
  pinned = false;
  card.hidden = true;
}

/** Lays a tip out; as text alone, so that names from outside cannot run. */
function fill(text: string): void {
  const [heading = '', ...lines] = text.split('\n');
  const title = document.createElement('strong');
  title.textContent = heading;
  const parts: HTMLElement[] = [title];
  let table: HTMLTableElement | undefined;
  let width = 0;
  for (const line of lines) {
    const cells = line.split('\t');
    if (cells.length === 1) {
      const paragraph = document.createElement('p');
      paragraph.textContent = line;
      parts.push(paragraph);
      table = undefined;
      continue;
    }
    if (!table || cells.length !== width) {
      table = document.createElement('table');
      parts.push(table);
      width = cells.length;
    }
    const row = table.insertRow();
    for (const [index, cell] of cells.entries()) {
      const element = document.createElement(index === 0 ? 'th' : 'td');
      element.textContent = cell;
      row.append(element);
    }
  }
  card.replaceChildren(...parts);
}

/** Above what it is about, else below; on a narrow window the style sheet puts it at the bottom instead. */
function place({ left, right, top, bottom }: DOMRect): void {
  const { offsetWidth, offsetHeight } = card;
  const middle = (left + right) / 2 - offsetWidth / 2;
  const x = Math.max(8, Math.min(document.documentElement.clientWidth - offsetWidth - 8, middle));
  const above = top - offsetHeight - 8;
  card.style.left = `${x}px`;
  card.style.top = `${above >= 8 ? above : Math.min(bottom + 8, innerHeight - offsetHeight - 8)}px`;
}

/** Arrow keys move from cell to cell; Home and End to the ends of the row. */
function moveInTable(event: KeyboardEvent): void {
  const { target, key } = event;
  if (!(target instanceof HTMLTableCellElement) || !target.classList.contains('has-tip')) return;
  const row = target.closest('tr');
  if (!row) return;
  const next = neighbour(target, row, key);
  if (!next) return;
  event.preventDefault();
  target.setAttribute('tabindex', '-1');
  next.setAttribute('tabindex', '0');
  next.focus();
  next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  show(next, true);
}

function neighbour(
  cell: HTMLTableCellElement,
  row: HTMLTableRowElement,
  key: string,
): HTMLElement | undefined {
  const inRow = [...row.cells].filter(isReachable);
  const at = inRow.indexOf(cell);
  if (key === 'ArrowLeft') return inRow[at - 1];
  if (key === 'ArrowRight') return inRow[at + 1];
  if (key === 'Home') return inRow[0];
  if (key === 'End') return inRow.at(-1);
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
  const column = [...(row.closest('table')?.rows ?? [])]
    .filter((other) => !other.hidden)
    .map((other) => other.cells[cell.cellIndex])
    .filter((other) => other !== undefined && isReachable(other));
  return column[column.indexOf(cell) + (key === 'ArrowUp' ? -1 : 1)];
}

function isReachable(cell: HTMLTableCellElement): boolean {
  return cell.matches('td.has-tip') && !cell.hidden;
}
