/**
 * What the page does where scripts run. Without them it shows the same figures.
 *
 * Tables first, as cells become reachable by keyboard in the order that they then have.
 */
import { unfoldForPrint } from './print.ts';
import { makeTablesSortable } from './tables.ts';
import { showTips } from './tips.ts';

makeTablesSortable();
showTips();
unfoldForPrint();
