/** Names and reasons in the cells of tables that people open in a spreadsheet. */

/** What makes a spreadsheet compute a cell in place of showing it; behind apostrophes too, so that one more can be taken away. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** A text that no spreadsheet takes for a formula: the apostrophe before it tells that it is text. */
export function textCell(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** What {@link textCell} was given. */
export function fromTextCell(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}
