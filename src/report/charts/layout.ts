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

/** The smallest round step of a scale that is at least `rough`: 1, 2, 2.5 or 5 times a power of ten. */
export function roundStep(rough: number, factors: readonly number[] = [1, 2, 2.5, 5, 10]): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return factors.map((factor) => factor * power).find((size) => size >= rough * 0.999)!;
}

/** Multiples of `step` from the `first` to the `last`. */
export function multiples(step: number, first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

/** A round upper end for an axis from 0 that holds `max`, and the values to label, about `count` of them. */
export function niceAxis(max: number, count = 5): { max: number; values: number[] } {
  const step = roundStep(Math.max(max, 1e-6) / count);
  const steps = Math.max(1, Math.ceil((max / step) * 0.999));
  return { max: steps * step, values: multiples(step, 0, steps) };
}

/** A value of an axis as it is, neither rounded nor with zeros behind it. */
export function axisNumber(value: number): string {
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

export function axisPercent(value: number): string {
  return `${axisNumber(100 * value)}%`;
}

/** Cuts a label that would leave its place; about 0.56 of the font size is Inter's mean advance. */
export function fitText(text: string, width: number, fontSize: number): string {
  const room = Math.floor(width / (fontSize * 0.56));
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1)).trimEnd()}…`;
}
