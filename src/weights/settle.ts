/** Which network a file's weights are of: what was asked for, then what the file says, then what its tensors show. */
import { UserError } from '../errors.ts';
import { formatShape } from '../graph/tensor.ts';
import type { Antialias, BatchNormConfig, Form, ModelConfig, StemConfig } from '../models/config.ts';
import { buildModule, findModel, MODELS, type ModelEntry, PYTORCH_BATCH_NORM } from '../models/registry.ts';
import type { WeightsSource } from './source.ts';

/** Everything may be left open. */
export interface AskedNetwork {
  readonly model?: string;
  readonly form?: Form;
  readonly width?: number;
  readonly classes?: number;
  readonly stem?: StemConfig;
  readonly antialias?: Antialias;
  readonly stemBias?: boolean;
  readonly batchNorm?: Partial<BatchNormConfig>;
  /** Where the tensors fit both forms. */
  readonly usualForm?: Form;
}

export interface SettledNetwork {
  readonly config: ModelConfig;
  /** What tensors do not show and was decided by their origin, a line each. */
  readonly notes: readonly string[];
}

/**
 * Decide on a network for weights.
 *
 * @throws UserError when nothing says which model or how many classes it is
 */
export function settleNetwork(source: WeightsSource, asked: AskedNetwork): SettledNetwork {
  const { file, tensors, dialect } = source;
  const stored = source.card?.config;
  const model = asked.model ?? stored?.model ?? networkOf(source);
  if (model === undefined) {
    throw new UserError(
      `--model: say which network the weights in ${file} are of, by their names none that \`pushpull models\` lists`,
    );
  }
  const entry = findModel(model);
  if (!ends(entry).some((name) => tensors.has(name))) {
    const other = networkOf(source);
    throw new UserError(
      `--model ${model}: expected weights of that network, but ${file} has neither ${ends(entry)
        .map((name) => `'${name}'`)
        .join(' nor ')}${other === undefined ? '' : `; by its names it is ${other}`}`,
    );
  }
  const same = stored?.model === model ? stored : undefined;
  const kernels = tensors.get(`${entry.stemPath}.weight`)?.shape;
  const classes = asked.classes ?? same?.classes ?? tensors.get(`${entry.classifierPath}.weight`)?.shape[0];
  if (classes === undefined) {
    throw new UserError(
      `--classes: say how many classes the network has; ${file} has no '${entry.classifierPath}.weight'`,
    );
  }
  for (const end of ends(entry)) {
    const shape = tensors.get(end)?.shape;
    if (shape?.every((size) => size > 0) ?? true) continue;
    throw new UserError(
      `${file}: expected weights in '${end}', found none (its shape is ${formatShape(shape!)}); save the network anew`,
    );
  }
  const stem = asked.stem ?? same?.stem ?? { kind: 'conv' };
  const config: ModelConfig = {
    model: entry.name,
    form: asked.form ?? same?.form ?? formOf(entry, kernels, asked.usualForm),
    width: asked.width ?? same?.width ?? kernels?.[0] ?? entry.width,
    classes,
    stem,
    antialias: asked.antialias ?? same?.antialias ?? dialect.antialias ?? 'none',
  };
  const stemBias = asked.stemBias ?? storedStemBias(source, entry, config);
  const { batchNorm, notes } = settleBatchNorm(entry, source, asked.batchNorm);
  return {
    config: {
      ...config,
      ...(stemBias === undefined ? {} : { stemBias }),
      ...(batchNorm === undefined ? {} : { batchNorm }),
    },
    notes,
  };
}

/** Whether the first layer has a bias, where that is known and not the usual. */
function storedStemBias(
  { card, tensors }: WeightsSource,
  entry: ModelEntry,
  config: ModelConfig,
): boolean | undefined {
  if (card?.config.model === config.model && card.config.stem.kind === config.stem.kind) {
    return card.config.stemBias;
  }
  // torchvision's plain ResNets have none; a push-pull layer that takes their place starts with one of zeros.
  const bare = tensors.has(`${entry.stemPath}.weight`) && !tensors.has(`${entry.stemPath}.bias`);
  return config.stem.kind === 'conv' && bare && entry.stemBias(config) ? false : undefined;
}

/** The first and the last layer's weights: a file with neither is of another network. */
const ends = ({ stemPath, classifierPath }: ModelEntry): string[] => [
  `${stemPath}.weight`,
  `${classifierPath}.weight`,
];

/**
 * The network that a file's tensors are named after: of those whose layers it all has, the one with the most. The names
 * of a ResNet-18 are also found in a ResNet-50.
 */
function networkOf({ tensors }: WeightsSource): string | undefined {
  const named = MODELS.map(({ name, forms, stemPath }) => {
    const module = buildModule({ model: name, form: forms[0], width: 1, classes: 2, stem: { kind: 'conv' } });
    const names = [...module.namedParameters()].map(([path]) => path);
    return { name, names: names.filter((path) => path !== `${stemPath}.bias`) };
  });
  const fitting = named.filter(({ names }) => names.every((path) => tensors.has(path)));
  return fitting.sort((a, b) => b.names.length - a.names.length)[0]?.name;
}

/** The form whose first layer has kernels of that size; where that does not tell, the usual one, or the published. */
function formOf(entry: ModelEntry, kernels: readonly number[] | undefined, usual?: Form): Form {
  const fits = (form: Form): boolean => {
    const module = buildModule({ model: entry.name, form, width: 1, classes: 2, stem: { kind: 'conv' } });
    const shape = new Map(module.namedParameters()).get(`${entry.stemPath}.weight`)?.shape;
    return shape?.at(-1) === kernels?.at(-1);
  };
  const fitting = entry.forms.filter(fits);
  return fitting.find((form) => form === usual) ?? fitting[0] ?? usual ?? entry.forms[0];
}

/** torchvision and timm trained EfficientNet-B0 with other batch norms than its authors, which its tensors do not show. */
function settleBatchNorm(
  entry: ModelEntry,
  { dialect, card }: WeightsSource,
  asked: Partial<BatchNormConfig> | undefined,
): { batchNorm?: BatchNormConfig; notes: string[] } {
  const published = dialect.batchNorm?.[entry.name];
  const stored = card === undefined ? published : card.config.batchNorm;
  if (asked !== undefined) {
    return { batchNorm: { ...(stored ?? entry.batchNorm ?? PYTORCH_BATCH_NORM), ...asked }, notes: [] };
  }
  if (card !== undefined || published === undefined) return { batchNorm: stored, notes: [] };
  const { momentum } = published;
  return {
    batchNorm: published,
    notes: [
      `batch norms have eps ${published.eps} and momentum ${momentum}, as ${entry.name} of ${dialect.name}`,
    ],
  };
}
