/** How strengths and poolings are written in figures. */
import type { GridAlpha } from '../../analyze/inspection.ts';
import type { Inhibition } from '../../analyze/spectrum.ts';
import { formatAlpha } from '../format.ts';

export function alphaText(alpha: GridAlpha): string {
  return alpha === 'learned' ? 'α learned' : `α ${Number(alpha.toFixed(3))}`.replace('-', '−');
}

export function poolText(avg: number): string {
  return avg > 1 ? `avg${avg}` : 'no pooling';
}

/** `α 1, avg3`; of learned strengths their mean. */
export function inhibitionText({ alpha, avg }: Inhibition): string {
  if (typeof alpha === 'number') return `${alphaText(alpha)}, ${poolText(avg)}`;
  const mean = alpha.reduce((sum, value) => sum + value, 0) / alpha.length;
  const same = alpha.every((value) => value === alpha[0]);
  return `${same ? alphaText(mean) : `α learned (mean ${formatAlpha(mean)})`}, ${poolText(avg)}`;
}
