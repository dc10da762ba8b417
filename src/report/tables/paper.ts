/**
 * The numbers of the paper, to stand beside ours: Bennabhaktula, Alegre, Strisciuglio and Azzopardi, "PushPull-Net:
 * Inhibition-driven ResNet robust to image corruptions" (ICPR 2024, arXiv 2408.04077), Tables 1 to 4.
 *
 * Every number is kept as it is printed there, so that none gains digits. Where the paper's Tables 1 and 2 give the
 * same network with different digits, Table 1 counts. The paper does not say which divisor its deviations have.
 */

export type PaperDataset = 'CIFAR-10' | 'ImageNet-100' | 'ImageNet-200' | 'ImageNet';

/** A number as the paper prints it: `.2853`. */
export type Printed = string;

export interface PaperEntry {
  readonly table: 1 | 2;
  readonly dataset: PaperDataset;
  /** Name of the registry. */
  readonly network: string;
  /** As `variantName` writes it; of the layer of 2020 without its alpha, which the paper does not tell. */
  readonly variant: string;
  /** As `--augment` calls the kind: `autoaugment`, `prime`. */
  readonly augment?: string;
  /** E. */
  readonly error: Printed;
  /** mCE, absolute (Eq. 9). */
  readonly mce: Printed;
  /** mrCE (Eq. 10), to the plain network of the same augmentation; absent for those themselves. */
  readonly mrce?: Printed;
}

/** Its Table 1: E and mCE of the plain network; E, mCE and mrCE of push-pull avg3, then of avg5. */
const TABLE_1 = `
CIFAR-10     resnet18  .069 .2853  .071 .2728 .970  .071 .2708 .965
CIFAR-10     resnet50  .069 .3028  .076 .2909 .982  .068 .2866 .959
ImageNet-100 resnet18  .207 .5812  .208 .5594 .961  .221 .5662 .976
ImageNet-100 resnet50  .189 .5691  .194 .5517 .972  .203 .5452 .962
ImageNet-200 resnet18  .246 .6424  .252 .6291 .979  .253 .6280 .976
ImageNet-200 resnet50  .213 .6183  .217 .6076 .979  .222 .6062 .978
ImageNet     resnet18  .325 .7167  .363 .6776 .949  .337 .6952 .970
ImageNet     resnet50  .269 .6674  .282 .6454 .967  .276 .6452 .966`;

/** Of its Table 2 what Table 1 has not: data set, network, augmentation, variant, E, mCE, and mrCE where it has one. */
const TABLE_2 = `
ImageNet, resnet50, -, push-pull 2020, .269, .6650, .996
ImageNet, resnet50, -, blurconv1, .265, .6260, .962
ImageNet, resnet50, -, blurconv2, .276, .6210, .938
ImageNet, resnet50, -, blurconv2 + push-pull avg3, .307, .6166, .924
ImageNet, resnet50, augmix, baseline, .269, .6121
ImageNet, resnet50, augmix, push-pull avg3, .287, .5900, .968
ImageNet, resnet50, autoaugment, baseline, .269, .6298
ImageNet, resnet50, autoaugment, push-pull avg3, .283, .6041, .961
ImageNet, resnet50, prime, baseline, .298, .5223
ImageNet, resnet50, prime, push-pull avg3, .306, .4995, .954
ImageNet, resnet50, trivialaugment, baseline, .269, .5961
ImageNet, resnet50, trivialaugment, push-pull avg3, .286, .5867, .985
ImageNet, efficientnet_b0, -, baseline, .286, .6818
ImageNet, efficientnet_b0, -, push-pull avg3, .288, .6660, .976
CIFAR-10, resnet50, -, push-pull 2020, .069, .2984, .973
CIFAR-10, resnet50, -, blurconv1, .069, .2831, .948
CIFAR-10, resnet50, -, blurconv2, .098, .3648, 1.24`;

/** Tables 1 and 2. */
export const PAPER: readonly PaperEntry[] = [
  ...lines(TABLE_1, / +/).flatMap(([dataset, network, ...numbers]) => [
    entry(1, dataset, network, 'baseline', numbers.slice(0, 2)),
    entry(1, dataset, network, 'push-pull avg3', numbers.slice(2, 5)),
    entry(1, dataset, network, 'push-pull avg5', numbers.slice(5)),
  ]),
  ...lines(TABLE_2, ', ').map(([dataset, network, augment, variant, ...numbers]) =>
    entry(2, dataset, network, variant!.replace(' + ', ', '), numbers, augment === '-' ? undefined : augment),
  ),
];

function lines(table: string, between: string | RegExp): string[][] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.split(between));
}

function entry(
  table: 1 | 2,
  dataset: string | undefined,
  network: string | undefined,
  variant: string,
  [error, mce, mrce]: readonly string[],
  augment?: string,
): PaperEntry {
  const row = { table, dataset: dataset as PaperDataset, network: network!, variant };
  return { ...row, ...(augment && { augment }), error: error!, mce: mce!, ...(mrce && { mrce }) };
}

/** A mean and its deviation. */
export type PrintedSpread = readonly [mean: Printed, std: Printed];

/** Table 3: over alpha in {0.5, 1, 2, 3, 4, 5, 6}, by the side of the pooling (0: none). */
export const PAPER_TABLE3 = {
  dataset: 'ImageNet-100',
  network: 'resnet18',
  alphas: [0.5, 1, 2, 3, 4, 5, 6],
  poolings: {
    0: { error: ['.249', '.012'], mrce: ['.932', '.012'] },
    3: { error: ['.251', '.015'], mrce: ['.929', '.015'] },
    5: { error: ['.260', '.020'], mrce: ['.928', '.017'] },
  },
} as const satisfies {
  dataset: PaperDataset;
  network: string;
  alphas: readonly number[];
  poolings: Record<number, { error: PrintedSpread; mrce: PrintedSpread }>;
};

/** Table 4: mrCE in the frequency groups, CIFAR-10. */
export const PAPER_TABLE4 = (
  [
    ['resnet18', 'push-pull avg3', '1.00', '.99', '.93'],
    ['resnet18', 'push-pull avg5', '1.01', '.97', '.93'],
    ['resnet50', 'push-pull avg3', '1.03', '.99', '.94'],
    ['resnet50', 'push-pull avg5', '.99', '.97', '.93'],
  ] as const
).map(([network, variant, low, mid, high]) => ({
  ...{ dataset: 'CIFAR-10' as PaperDataset, network, variant, low, mid, high },
}));

/** What a number of the paper is looked up by; rows of a table have all of it. */
export interface PaperKey {
  readonly dataset: string;
  readonly network: string;
  readonly variant: string;
  readonly augment?: string;
}

/**
 * The paper's data set that `name` is, or is made of: `CIFAR-10`, `cifar10-jpeg` and `CIFAR-10-C` are all its CIFAR-10.
 */
export function paperDataset(name: string): PaperDataset | undefined {
  if (/^cifar[-_ ]?10([-_ ]?c)?([-_ ]\(?jpe?g\)?)?$/i.test(name)) return 'CIFAR-10';
  const imageNet = /^imagenet([-_ ]?c)?[-_ ]?(100|200)?$/i.exec(name);
  if (!imageNet) return undefined;
  return imageNet[2] ? (`ImageNet-${imageNet[2]}` as PaperDataset) : 'ImageNet';
}

/** The paper's row of Table 1 or 2. */
export function paperEntry({ dataset, network, variant, augment }: PaperKey): PaperEntry | undefined {
  const wanted = paperDataset(dataset);
  const kind = augment?.replace(/-(cifar10|imagenet)$/, '');
  // The layer of 2020 with any alpha.
  const name = variant.replace(/^(push-pull 2020) α .*$/, '$1');
  return PAPER.find(
    (row) =>
      row.dataset === wanted && row.network === network && row.variant === name && row.augment === kind,
  );
}

/** The paper's row of Table 3 for a side of the pooling. */
export function paperPooling(
  { dataset, network }: PaperKey,
  avg: number,
): { readonly error: PrintedSpread; readonly mrce: PrintedSpread } | undefined {
  if (paperDataset(dataset) !== PAPER_TABLE3.dataset || network !== PAPER_TABLE3.network) return undefined;
  const poolings: Readonly<Record<number, { error: PrintedSpread; mrce: PrintedSpread }>> =
    PAPER_TABLE3.poolings;
  return poolings[avg];
}

/** The paper's row of Table 4. */
export function paperFrequencies({ dataset, network, variant, augment }: PaperKey) {
  if (augment) return undefined;
  const wanted = paperDataset(dataset);
  return PAPER_TABLE4.find(
    (row) => row.dataset === wanted && row.network === network && row.variant === variant,
  );
}
