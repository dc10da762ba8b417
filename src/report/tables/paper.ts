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

type Numbers = readonly [error: Printed, mce: Printed, mrce?: Printed];

function table1(
  dataset: PaperDataset,
  network: string,
  plain: Numbers,
  avg3: Numbers,
  avg5: Numbers,
): PaperEntry[] {
  return [
    entry(1, dataset, network, 'baseline', plain),
    entry(1, dataset, network, 'push-pull avg3', avg3),
    entry(1, dataset, network, 'push-pull avg5', avg5),
  ];
}

function entry(
  table: 1 | 2,
  dataset: PaperDataset,
  network: string,
  variant: string,
  [error, mce, mrce]: Numbers,
  augment?: string,
): PaperEntry {
  return {
    table,
    dataset,
    network,
    variant,
    ...(augment && { augment }),
    error,
    mce,
    ...(mrce && { mrce }),
  };
}

/** A plain network and one with push-pull avg3, both trained with an augmentation, on ImageNet. */
function augmented(augment: string, plain: Numbers, avg3: Numbers): PaperEntry[] {
  return [
    entry(2, 'ImageNet', 'resnet50', 'baseline', plain, augment),
    entry(2, 'ImageNet', 'resnet50', 'push-pull avg3', avg3, augment),
  ];
}

/** Tables 1 and 2. */
export const PAPER: readonly PaperEntry[] = [
  ...table1('CIFAR-10', 'resnet18', ['.069', '.2853'], ['.071', '.2728', '.970'], ['.071', '.2708', '.965']),
  ...table1('CIFAR-10', 'resnet50', ['.069', '.3028'], ['.076', '.2909', '.982'], ['.068', '.2866', '.959']),
  ...table1(
    'ImageNet-100',
    'resnet18',
    ['.207', '.5812'],
    ['.208', '.5594', '.961'],
    ['.221', '.5662', '.976'],
  ),
  ...table1(
    'ImageNet-100',
    'resnet50',
    ['.189', '.5691'],
    ['.194', '.5517', '.972'],
    ['.203', '.5452', '.962'],
  ),
  ...table1(
    'ImageNet-200',
    'resnet18',
    ['.246', '.6424'],
    ['.252', '.6291', '.979'],
    ['.253', '.6280', '.976'],
  ),
  ...table1(
    'ImageNet-200',
    'resnet50',
    ['.213', '.6183'],
    ['.217', '.6076', '.979'],
    ['.222', '.6062', '.978'],
  ),
  ...table1('ImageNet', 'resnet18', ['.325', '.7167'], ['.363', '.6776', '.949'], ['.337', '.6952', '.970']),
  ...table1('ImageNet', 'resnet50', ['.269', '.6674'], ['.282', '.6454', '.967'], ['.276', '.6452', '.966']),

  entry(2, 'ImageNet', 'resnet50', 'push-pull 2020', ['.269', '.6650', '.996']),
  entry(2, 'ImageNet', 'resnet50', 'blurconv1', ['.265', '.6260', '.962']),
  entry(2, 'ImageNet', 'resnet50', 'blurconv2', ['.276', '.6210', '.938']),
  entry(2, 'ImageNet', 'resnet50', 'blurconv2, push-pull avg3', ['.307', '.6166', '.924']),
  ...augmented('augmix', ['.269', '.6121'], ['.287', '.5900', '.968']),
  ...augmented('autoaugment', ['.269', '.6298'], ['.283', '.6041', '.961']),
  ...augmented('prime', ['.298', '.5223'], ['.306', '.4995', '.954']),
  ...augmented('trivialaugment', ['.269', '.5961'], ['.286', '.5867', '.985']),
  entry(2, 'ImageNet', 'efficientnet_b0', 'baseline', ['.286', '.6818']),
  entry(2, 'ImageNet', 'efficientnet_b0', 'push-pull avg3', ['.288', '.6660', '.976']),
  entry(2, 'CIFAR-10', 'resnet50', 'push-pull 2020', ['.069', '.2984', '.973']),
  entry(2, 'CIFAR-10', 'resnet50', 'blurconv1', ['.069', '.2831', '.948']),
  entry(2, 'CIFAR-10', 'resnet50', 'blurconv2', ['.098', '.3648', '1.24']),
];

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
export const PAPER_TABLE4: readonly {
  readonly dataset: PaperDataset;
  readonly network: string;
  readonly variant: string;
  readonly low: Printed;
  readonly mid: Printed;
  readonly high: Printed;
}[] = [
  {
    dataset: 'CIFAR-10',
    network: 'resnet18',
    variant: 'push-pull avg3',
    low: '1.00',
    mid: '.99',
    high: '.93',
  },
  {
    dataset: 'CIFAR-10',
    network: 'resnet18',
    variant: 'push-pull avg5',
    low: '1.01',
    mid: '.97',
    high: '.93',
  },
  {
    dataset: 'CIFAR-10',
    network: 'resnet50',
    variant: 'push-pull avg3',
    low: '1.03',
    mid: '.99',
    high: '.94',
  },
  {
    dataset: 'CIFAR-10',
    network: 'resnet50',
    variant: 'push-pull avg5',
    low: '.99',
    mid: '.97',
    high: '.93',
  },
];

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
