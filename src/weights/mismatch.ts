/** Saying what does not fit, all of it, so that it can be read. */
import { formatShape, type Shape, sameShape, type Tensor } from '../graph/tensor.ts';
import { variantName } from '../models/config.ts';
import { buildModule, findModel, type ImageModel, MODELS } from '../models/registry.ts';
import { plural } from '../words.ts';

export type Mismatch =
  | { readonly kind: 'missing'; readonly name: string; readonly expected: Shape }
  | { readonly kind: 'extra'; readonly name: string; readonly found: Shape }
  | { readonly kind: 'shape'; readonly name: string; readonly expected: Shape; readonly found: Shape }
  | { readonly kind: 'type'; readonly name: string; readonly found: string };

const KINDS: readonly { kind: Mismatch['kind']; title: string }[] = [
  { kind: 'missing', title: 'missing' },
  { kind: 'extra', title: 'not in the network' },
  { kind: 'shape', title: 'of another shape' },
  { kind: 'type', title: 'not floats' },
];

/**
 * @param found the file's tensors, by the names that they have here
 * @returns several lines: what was expected, each problem once, and what to do as far as that can be told
 */
export function mismatchText(
  problems: readonly Mismatch[],
  found: ReadonlyMap<string, Tensor>,
  model: ImageModel,
  { file, names, newClassifier }: { file: string; names: string; newClassifier?: boolean },
): string {
  const { config } = model;
  const network = `${config.model} ${config.form}, width ${config.width}, ${variantName(config)}, ${plural(config.classes, 'class')}`;
  const lines = [
    `${file} (names of ${names}): ${count(problems.length, 'tensor')} not those of ${network}.`,
    ...cures(problems, found, model, newClassifier !== undefined),
  ];
  for (const { kind, title } of KINDS) {
    const some = problems.filter((problem) => problem.kind === kind);
    if (some.length === 0) continue;
    lines.push(`  ${title}, ${some.length}:`);
    for (const [block, entries] of byBlock(some)) lines.push(`    ${block}: ${entries.join(', ')}`);
  }
  return lines.join('\n');
}

const count = (number: number, what: string): string =>
  number === 1 ? `1 ${what} is` : `${number} ${what}s are`;

/** A line for each layer or block: `layer4.1: conv2.weight [512, 512, 3, 3], bn2.{weight, bias} [512]`. */
function byBlock(problems: readonly Mismatch[]): Map<string, string[]> {
  const blocks = new Map<string, Map<string, string[]>>();
  for (const problem of problems) {
    const parts = problem.name.split('.');
    const depth = Math.max(1, Math.min(parts.length - 1, 2));
    const block = parts.slice(0, depth).join('.');
    const layer = parts.slice(depth, -1).join('.');
    // Tensors of one layer that differ alike share an entry.
    const key = JSON.stringify([layer, detail(problem)]);
    const entries = blocks.get(block) ?? new Map<string, string[]>();
    blocks.set(block, entries.set(key, [...(entries.get(key) ?? []), parts.slice(depth).at(-1) ?? '']));
  }
  return new Map([...blocks].map(([block, entries]) => [block, [...entries].map(entryText)]));
}

function entryText([key, names]: [string, string[]]): string {
  const [layer, what] = JSON.parse(key) as [string, string];
  const name = names.length === 1 ? names[0] : `{${names.join(', ')}}`;
  return `${layer}${layer === '' || name === '' ? '' : '.'}${name} ${what}`.trim();
}

function detail(problem: Mismatch): string {
  switch (problem.kind) {
    case 'missing':
      return formatShape(problem.expected);
    case 'extra':
      return formatShape(problem.found);
    case 'shape':
      return `${formatShape(problem.found)} where ${formatShape(problem.expected)} was expected`;
    case 'type':
      return problem.found;
  }
}

/** What is probably meant. */
function cures(
  problems: readonly Mismatch[],
  found: ReadonlyMap<string, Tensor>,
  model: ImageModel,
  classifierCanBeNew: boolean,
): string[] {
  const { stemPath, classifierPath } = findModel(model.config.model);
  const other = modelOf(found, model);
  if (other !== undefined) return [`These are the tensors of ${other}: --model ${other}.`];
  const hints: string[] = [];
  const stored = (name: string): Shape => found.get(name)?.shape ?? [];
  const expected = (name: string): Shape => model.parameters.get(name)?.shape ?? [];
  const [filters, channels, side] = stored(`${stemPath}.weight`);
  const [ownFilters, ownChannels, ownSide] = expected(`${stemPath}.weight`);
  if (channels !== undefined && channels !== ownChannels) {
    hints.push(
      `Its first layer takes images of ${plural(channels, 'channel')}; networks here take ${ownChannels} (red, green, blue).`,
    );
  } else if (side !== undefined && side !== ownSide) {
    const form = model.config.form === 'cifar' ? 'imagenet' : 'cifar';
    hints.push(`Its first layer has kernels of ${side}×${side}: try --form ${form}.`);
  } else if (filters !== undefined && filters !== ownFilters)
    hints.push(`Its first stage is ${filters} wide: --width ${filters}.`);
  if (problems.some(({ kind, name }) => kind === 'extra' && name === `${stemPath}.alpha`)) {
    hints.push(
      'Its first layer inhibits with strengths that were trained: --stem pushpull or pushpull2020, --alpha trainable.',
    );
  }
  if (problems.length > 0 && problems.every(({ name }) => name.startsWith(`${classifierPath}.`))) {
    const classes = stored(`${classifierPath}.weight`)[0];
    const cure = classifierCanBeNew ? '--new-classifier starts another' : `--classes ${classes}`;
    hints.push(
      classes === undefined
        ? 'It has no classifier.'
        : `Its classifier is for ${plural(classes, 'class')}: ${cure}.`,
    );
  }
  return hints.length > 0 ? hints : [verdict(problems, model)];
}

/** Whether it is another network, or the same one in part. */
function verdict(problems: readonly Mismatch[], { parameters }: ImageModel): string {
  const missing = problems.filter(({ kind }) => kind === 'missing').length;
  const wrong = problems.filter(({ kind }) => kind === 'shape' || kind === 'type').length;
  const fitting = parameters.size - missing - wrong;
  if (2 * fitting <= parameters.size) {
    return 'It belongs to another network: check --model, --form, --width, --classes, --stem and --antialias.';
  }
  const fits = `${fitting} of the network's ${parameters.size} tensors are there`;
  if (fitting === parameters.size) {
    return `All of the network's tensors are there, but the file's network has more layers, without which it computes something else.`;
  }
  return wrong === 0 && missing === problems.length
    ? `The file is not whole: ${fits}. Save it anew with network.state_dict().`
    : `The file's network was changed: ${fits}, the others differ or are missing.`;
}

/** The network of the registry that has just these tensors, the classifier's number of classes aside. */
function modelOf(found: ReadonlyMap<string, Tensor>, { config }: ImageModel): string | undefined {
  return MODELS.find((entry) => {
    if (entry.name === config.model || !entry.forms.includes(config.form)) return false;
    const { antialias = 'none' } = config;
    const module = buildModule({
      ...config,
      model: entry.name,
      antialias: entry.antialias.includes(antialias) ? antialias : 'none',
    });
    const parameters = [...module.namedParameters()].filter(
      ([name]) => !name.startsWith(`${entry.classifierPath}.`) && !name.startsWith(`${entry.stemPath}.`),
    );
    const own = [...found.keys()].filter(
      (name) => !name.startsWith(`${entry.classifierPath}.`) && !name.startsWith(`${entry.stemPath}.`),
    );
    return (
      own.length === parameters.length &&
      parameters.every(([name, { shape }]) => sameShape(found.get(name)?.shape ?? [-1], shape))
    );
  })?.name;
}
