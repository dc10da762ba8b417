/** Figure 3: push kernels and their pull kernels. */
import type { FirstLayerKernels } from '../../analyze/first-layer.ts';
import { kernelPairs } from '../charts/kernels.tsx';
import { arrange } from '../charts/picture.tsx';
import { captioned, type PaperFigure } from './figure.tsx';

/** Filters that are drawn of a large layer. */
const MOST_FILTERS = 64;
const COLUMNS = 8;

/** All filters of a layer, or of a large one those with the largest norm, in the order of their numbers. */
export function kernelFigure(
  { kernels, label, unit }: FirstLayerKernels,
  options: { readonly all?: boolean } = {},
): PaperFigure {
  const [filters, channels, height, width] = kernels.shape;
  const shown = options.all || filters <= MOST_FILTERS ? undefined : strongestFilters(kernels);
  const large = Math.max(height, width) > 4;
  const pairs = kernelPairs(kernels, { side: large ? 56 : 48, filters: shown, numbered: true });
  const title = `Push and pull kernels of ${label}`;
  const sheet = arrange(
    pairs.map((svg) => ({ svg })),
    { columns: Math.min(COLUMNS, pairs.length), gap: 18, label: title },
  );
  const colours =
    channels === 3
      ? 'The three channels are shown as red, green and blue'
      : channels === 1
        ? 'Kernels of grey images'
        : `One row a channel, ${channels} channels`;
  return {
    name: 'figure-3-kernels',
    svg: captioned(sheet, title, [
      `Of each pair the push kernel w is at the left and the pull kernel −w + max(w) + min(w) at the right (Eq. 2 to 4), ` +
        `${height} × ${width} weights. ${colours}; black is the smallest weight of the pair, white the largest.` +
        (kernels.alpha ? ' Strongest inhibition first.' : ''),
      ...(unit || kernels.alpha
        ? []
        : ['The network has a plain convolution: these are the pull kernels that push-pull would use.']),
      ...(shown
        ? [
            `${shown.length} of ${filters} filters, those with the largest norm; --all-filters draws every one.`,
          ]
        : []),
    ]),
  };
}

function strongestFilters({ shape: [filters], push }: FirstLayerKernels['kernels']): number[] {
  const size = push.length / filters;
  const norms = Array.from({ length: filters }, (_, filter) =>
    push.subarray(filter * size, (filter + 1) * size).reduce((sum, weight) => sum + weight * weight, 0),
  );
  const order = [...norms.keys()].sort((a, b) => norms[b]! - norms[a]!);
  return order.slice(0, MOST_FILTERS).sort((a, b) => a - b);
}
