/** Small layout sums shared by the charts. */

/**
 * Moves labels apart: returns a position for each wanted position, in the same order, at least `gap` from each
 * other and as near to the wanted ones as that allows (pairs that overlap are spread about their common middle).
 */
export function spread(wanted: readonly number[], gap: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
  // Clusters of touching labels, each centred on the mean of what its members want.
  const clusters: { members: number[]; centre: number }[] = [];
  for (const index of order) {
    let cluster = { members: [index], centre: wanted[index]! };
    for (let last = clusters.at(-1); last && overlaps(last, cluster, gap); last = clusters.at(-1)) {
      clusters.pop();
      const members = [...last.members, ...cluster.members];
      cluster = { members, centre: members.reduce((sum, i) => sum + wanted[i]!, 0) / members.length };
    }
    clusters.push(cluster);
  }
  const positions = [...wanted];
  for (const { members, centre } of clusters) {
    for (const [rank, index] of members.entries()) {
      positions[index] = centre + (rank - (members.length - 1) / 2) * gap;
    }
  }
  return positions;
}

function overlaps(
  a: { members: number[]; centre: number },
  b: { members: number[]; centre: number },
  gap: number,
): boolean {
  const reach = ((a.members.length + b.members.length) / 2) * gap;
  return b.centre - a.centre < reach;
}

/**
 * Moves labels that `spread` has placed into a range, in their order: at least `gap` apart, or as far as they all have
 * room in it.
 */
export function within(
  places: readonly number[],
  { from, to, gap }: { readonly from: number; readonly to: number; readonly gap: number },
): number[] {
  const apart = Math.min(gap, (to - from) / Math.max(1, places.length - 1));
  const order = places.map((_, index) => index).sort((a, b) => places[a]! - places[b]!);
  const moved = [...places];
  for (const [rank, index] of order.entries()) {
    const highest = to - (order.length - 1 - rank) * apart;
    moved[index] = Math.min(highest, Math.max(from + rank * apart, places[index]!));
  }
  return moved;
}

/** A round upper end for an axis from 0 that holds `max`, and the values to label, about `count` of them. */
export function niceAxis(max: number, count = 5): { max: number; values: number[] } {
  const rough = Math.max(max, 1e-6) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999)!;
  const steps = Math.max(1, Math.ceil((max / step) * 0.999));
  return { max: steps * step, values: Array.from({ length: steps + 1 }, (_, index) => index * step) };
}

/**
 * Vega expression that prints an axis value as it is. An axis' own `format` would round it to a precision that is
 * guessed from ticks which are not the ones drawn: 1.4 became 1.
 */
export const AXIS_LABEL = {
  number: "format(datum.value, '~g')",
  percent: "format(datum.value, '~%')",
} as const;

/** Cuts a label that would leave its place; about 0.56 of the font size is Inter's mean advance. */
export function fitText(text: string, width: number, fontSize: number): string {
  const room = Math.floor(width / (fontSize * 0.56));
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1)).trimEnd()}…`;
}

/** An axis' name stands over its numbers, where it can be read without tilting the head: for the y axis of a chart. */
export function titleAbove(left: number) {
  return { titleAngle: 0, titleAlign: 'left', titleAnchor: 'start', titleX: -left, titleY: -16 } as const;
}
