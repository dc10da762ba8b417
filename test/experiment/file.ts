/** Texts of experiment files, for tests. */

const HEAD = `schema: pushpull.experiment/1
title: Digits
data: mnist
stems:
  conv: { kind: conv }
  avg3: { kind: pushpull, avg: 3 }
`;

/** A file of a few lines, with more behind them. */
export function experimentText(more: string): string {
  return HEAD + more;
}

/** Two rows, on two corruptions at two severities; tables alone, which are quick. */
export const SMALL = experimentText(`grid:
  - { networks: [resnet18], stems: [conv, avg3], baseline: conv }
training: { width: 2, epochs: 2 }
evaluation: { corruptions: [gaussian_noise, fog], severities: [1, 5] }
tables: [6]
figures: false
report: false
`);
