/** Results as rows of a table: the seeds of one network together, each row with the row that it is compared with. */
import { UserError } from '../../errors.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { baselineAsResult } from '../comparison.ts';

/** A row of the paper's tables: one network, trained one way, measured on one data set, over one seed or more. */
export interface TableRow {
  /** Unique in a table. */
  readonly label: string;
  /** Name of the registry, or of the file of a model from elsewhere. */
  readonly network: string;
  /** As `variantName` writes it: `baseline`, `push-pull avg3`; `onnx` for a model from elsewhere. */
  readonly variant: string;
  readonly augment?: string;
  readonly dataset: string;
  readonly isBaseline: boolean;
  /** Label of the row that this one is compared with; absent for baselines, and where there is none. */
  readonly baseline?: string;
  /** One a seed. */
  readonly results: readonly Result[];
}

export interface RowOptions {
  /** Results that all others on the same data set are compared with; default: the plain network of each network. */
  readonly baselines?: readonly Result[];
}

/**
 * Groups results by network, variant, training and data set; what differs in nothing but the seed makes one row. A row
 * is compared with the plain network of the same augmentation, width and training, or with the baseline that
 * `evaluate --baseline` stored in its results where that network is not among them.
 *
 * @throws UserError when two results are of one model, or of one seed of one network
 */
export function rowsOfResults(results: readonly Result[], options: RowOptions = {}): TableRow[] {
  const { listed, baselines } = withBaselines(results, options.baselines);
  assertDifferentModels(listed);
  const groups = new Map<string, Result[]>();
  for (const result of listed) {
    const key = rowKey(result);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const rows = [...groups.values()].map((group) => rowOf(group, baselines));
  const labels = uniqueLabels(rows);
  return rows.map((row, index): TableRow => {
    const baseline = row.isBaseline ? -1 : findBaseline(row, rows, options.baselines);
    return { ...row, label: labels[index]!, ...(baseline >= 0 && { baseline: labels[baseline]! }) };
  });
}

/** Epochs and width of a row's networks, where they are known. */
export function sizeOf({ results: [first] }: TableRow): { width?: number; epochs?: number } {
  const { config, training } = first!.model;
  const epochs = training?.recipe?.epochs;
  return { ...(config && { width: config.width }), ...(epochs !== undefined && { epochs }) };
}

/** The seed that a result's network was trained with, where it is known. */
export function seedOf({ model }: Result): number | undefined {
  return model.training?.seed;
}

/** `CIFAR-10`; a part of ImageNet by its number of classes: `ImageNet-100`. */
export function datasetName({ data }: Result): string {
  return /^imagenet(-c)?$/i.test(data.name) && data.classes !== 1000 ? `ImageNet-${data.classes}` : data.name;
}

/** `ResNet-18`, `EfficientNet-B0`; a name that is not of the registry as it is. */
export function networkTitle(network: string): string {
  const known: Readonly<Record<string, string>> = { efficientnet_b0: 'EfficientNet-B0', alexnet: 'AlexNet' };
  return known[network] ?? network.replace(/^resnet(\d+)$/, 'ResNet-$1');
}

/** `AugMix`; of a policy or a size the kind alone where the data set tells the rest: `PRIME`. */
export function augmentTitle(augment: string): string {
  const titles: Readonly<Record<string, string>> = {
    autoaugment: 'AutoAugment',
    randaugment: 'RandAugment',
    trivialaugment: 'TrivialAugment',
    augmix: 'AugMix',
    prime: 'PRIME',
  };
  return titles[augment.replace(/-(cifar10|imagenet)$/, '')] ?? augment;
}

/** Settings that change what a network learns, flat, from a result's record of its training; unknown ones are absent. */
function settingsOf({ model }: Result): Readonly<Record<string, unknown>> {
  const { config, training } = model;
  const { recipe, data, preset } = training ?? {};
  const settings: Record<string, unknown> = {
    width: config?.width,
    form: config?.form,
    augment: augmentOf(model),
    jsd: recipe?.jsd,
    epochs: recipe?.epochs,
    fraction: data?.fraction,
    limit: data?.limit,
    trainImages: data?.trainImages,
    preset,
    batchSize: recipe?.batchSize,
    rates: recipe?.rates,
    momentum: recipe?.momentum,
    weightDecay: recipe?.weightDecay,
    // A network that was trained on is no further seed of one trained from scratch.
    start: training && (training.initial ? 'from weights' : 'from scratch'),
  };
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** Tuned for a network without making it another experiment: a row and its baseline may differ in these. */
const TUNED = new Set(['preset', 'batchSize', 'rates', 'momentum', 'weightDecay', 'start']);

/** What must agree between a row and its baseline: everything but the first layer, the blurring, the seed and tuning. */
function comparisonKey(result: Result): string {
  const settings = Object.entries(settingsOf(result)).filter(([name]) => !TUNED.has(name));
  return JSON.stringify([datasetName(result), result.model.name, settings]);
}

/** What must agree between the seeds of a row. */
function rowKey(result: Result): string {
  return JSON.stringify([
    datasetName(result),
    result.model.name,
    result.model.variant,
    // Tells widths apart where nothing else does.
    result.model.parameters,
    Object.entries(settingsOf(result)),
  ]);
}

function augmentOf(model: Result['model']): string | undefined {
  const augment = model.training?.augment;
  return augment === 'none' ? undefined : augment;
}

function rowOf(results: readonly Result[], baselines: ReadonlySet<Result>): TableRow {
  const [first] = results;
  const seeds = results.map(seedOf);
  const twice = seeds.findIndex((seed, index) => seed !== undefined && seeds.indexOf(seed) !== index);
  if (twice >= 0) {
    throw new UserError(
      `${results[twice]!.model.file}: expected one result for each seed of ${first!.model.name} ` +
        `${first!.model.variant}, found seed ${seeds[twice]} also in ` +
        `${results[seeds.indexOf(seeds[twice])]!.model.file}; leave one of them out`,
    );
  }
  const augment = augmentOf(first!.model);
  return {
    label: '',
    network: first!.model.name,
    variant: first!.model.variant,
    ...(augment && { augment }),
    dataset: datasetName(first!),
    isBaseline: results.some((result) => baselines.has(result)),
    // Seeds in order; those that are not known stay as they were given.
    results: [...results].sort((a, b) => (seedOf(a) ?? 0) - (seedOf(b) ?? 0)),
  };
}

/** Index of the row's baseline among `rows`, or -1. */
function findBaseline(
  row: TableRow,
  rows: readonly TableRow[],
  baselines: readonly Result[] | undefined,
): number {
  const candidates = [...rows.keys()].filter(
    (index) => rows[index]!.isBaseline && rows[index]!.dataset === row.dataset,
  );
  if (baselines) return candidates[0] ?? -1;
  const [first] = row.results;
  const matching = (key: (result: Result) => string) =>
    candidates.find((index) => key(rows[index]!.results[0]!) === key(first!));
  const tuned = matching((result) => JSON.stringify([comparisonKey(result), settingsOf(result)]));
  const own = tuned ?? matching(comparisonKey);
  if (own !== undefined) return own;
  const stored = first!.baseline?.model.sha256;
  const named = candidates.find((index) => rows[index]!.results.some(({ model }) => model.sha256 === stored));
  if (named !== undefined) return named;
  // Results of older versions do not tell how a network was trained: then its name has to do.
  const untold = candidates.filter((index) => {
    const [other] = rows[index]!.results;
    const told = [first!, other!].every((result) => Object.keys(settingsOf(result)).length > 0);
    return !told && other!.model.name === first!.model.name;
  });
  return untold.length === 1 ? untold[0]! : -1;
}

/**
 * The results, and which of them others are compared with: those that are named, else the plain networks, and what
 * `evaluate --baseline` was given for a network whose plain form is not listed. Where that is not listed either, it
 * comes first.
 */
function withBaselines(
  results: readonly Result[],
  named: readonly Result[] | undefined,
): { readonly listed: readonly Result[]; readonly baselines: ReadonlySet<Result> } {
  if (named) return { listed: [...new Set([...named, ...results])], baselines: new Set(named) };
  const plain = results.filter(({ model }) => model.variant === 'baseline');
  const baselines = new Set(plain);
  const stored: Result[] = [];
  for (const result of results) {
    const bare = baselineAsResult(result);
    if (!bare || plain.some((candidate) => comparisonKey(candidate) === comparisonKey(result))) continue;
    const known = [...stored, ...results].find(
      (other) => other.model.sha256 === bare.model.sha256 && datasetName(other) === datasetName(bare),
    );
    if (!known) stored.push(bare);
    baselines.add(known ?? bare);
  }
  return { listed: [...stored, ...results], baselines };
}

function assertDifferentModels(results: readonly Result[]): void {
  const seen = new Map<string, Result>();
  for (const result of results) {
    const key = `${result.model.sha256} ${datasetName(result)}`;
    const earlier = seen.get(key);
    if (earlier) {
      throw new UserError(
        `${result.model.file}: expected results of different models on ${datasetName(result)}, found the same ` +
          `model as ${earlier.model.file} has; leave one of them out`,
      );
    }
    seen.set(key, result);
  }
}

/** Network, variant, augmentation and data set; where two rows would share that, what else tells them apart. */
function uniqueLabels(rows: readonly TableRow[]): string[] {
  const labels = rows.map((row) => {
    const name = row.variant === 'onnx' ? row.network : `${networkTitle(row.network)} ${row.variant}`;
    return `${name}${row.augment ? ` + ${augmentTitle(row.augment)}` : ''} on ${row.dataset}`;
  });
  return labels.map((label, index) => {
    const others = rows.filter((_, other) => other !== index && labels[other] === label);
    return others.length === 0 ? label : `${label} (${distinction(rows[index]!, others)})`;
  });
}

/** Settings in which a row differs from others: `width 16, epochs 10`. */
export function distinction(row: TableRow, others: readonly TableRow[]): string {
  const own = settingsOf(row.results[0]!);
  const theirs = others.map(({ results: [first] }) => settingsOf(first!));
  const parts = Object.entries(own)
    .filter(([name, value]) =>
      theirs.some((settings) => JSON.stringify(settings[name]) !== JSON.stringify(value)),
    )
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return parts.length > 0 ? parts.join(', ') : row.results[0]!.model.file;
}
