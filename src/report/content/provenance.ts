/** How the figures came about: what anybody needs to judge or repeat them. */

import { MNIST_PART } from '../../data/formats/mnist.ts';
import { describeChoice } from '../../engine/options.ts';
import { describeGeometry, geometryWords } from '../../evaluate/model/geometry.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import { commandParts, engineWords, shellWord, trainCommand } from '../../run/command.ts';
import type { RunConfig } from '../../run/config.ts';
import { type ComparedModel, type Comparison, imagesPerCell, measuredCells } from '../comparison.ts';
import { formatCount, formatDuration, formatPercent, plural } from '../format.ts';

export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface Provenance {
  /** About the measurement, the same for all models. */
  readonly shared: readonly Fact[];
  readonly models: readonly { readonly model: ComparedModel; readonly facts: readonly Fact[] }[];
  /** Sentences that limit what may be read into the figures. */
  readonly cautions: readonly string[];
  /** Command lines, in the order in which to run them. */
  readonly commands: readonly string[];
}

/** @param commands The commands that were really given, where the caller knows them; else they are derived. */
export function provenance(comparison: Comparison, commands?: readonly string[]): Provenance {
  const { models } = comparison;
  const [first] = models;
  const { data } = first!.result;
  return {
    shared: [
      {
        name: 'Data',
        value: `${data.name}, ${data.split} split, ${plural(data.images, 'image')} in ${plural(data.classes, 'class')}`,
      },
      {
        name: 'Selection',
        value:
          data.limit === null
            ? `all images of the split; unreadable images ${data.skipBad ? 'left out' : 'refused'}`
            : `at most ${plural(data.limit, 'image')} (--limit), drawn with seed ${data.seed}`,
      },
      {
        name: 'Corruptions',
        value:
          `15 corruptions × 5 severities of Hendrycks & Dietterich (2019), ` +
          `${data.corruptionSet === 'cifar' ? 'CIFAR-10-C' : 'ImageNet-C'} strengths, ` +
          (data.corrupted
            ? `read from a corrupted set in the form of ${data.name}, only normalised`
            : `made on the fly, seed ${data.seed}, frost textures: ${data.frost}`),
      },
      {
        name: 'mCE here means',
        value:
          'absolute mCE (Eq. 9 of the PushPull-Net paper): the mean of the 15 CE, each the mean top-1 error over five ' +
          'severities, not normalised by AlexNet. mrCE (Eq. 10) is the mean of the 15 ratios CE / CE of the baseline.',
      },
    ],
    models: models.map((model) => ({ model, facts: modelFacts(model) })),
    cautions: cautions(comparison),
    commands: commands ?? models.flatMap(deriveCommands),
  };
}

function modelFacts(model: ComparedModel): Fact[] {
  const { result, run } = model;
  const { environment: env, data } = result;
  const { preprocessing: input } = data;
  const facts: Fact[] = [
    {
      name: 'Model',
      value: `${result.model.name}, ${result.model.variant}, ${formatCount(result.model.parameters)} parameters`,
    },
    { name: 'File', value: `${result.model.file} · SHA-256 ${result.model.sha256.slice(0, 16)}…` },
    {
      name: 'Images behind E',
      value: result.clean ? formatCount(result.clean.images) : 'no clean images were measured',
    },
    { name: 'Images behind each corrupted cell', value: cellCounts(model) },
    {
      name: 'Input',
      value:
        `${input.width} × ${input.height} ${input.layout} ${input.dtype}, ` +
        `${describeGeometry(input)}${result.data.assumedGeometry === undefined ? '' : ' (assumed)'}, ` +
        `mean ${input.mean.join(', ')}, std ${input.std.join(', ')}` +
        `${input.channels ? `, ${input.channels === 'bgr' ? 'blue first' : 'grey'}` : ''}`,
    },
    ...readingFacts(result),
    {
      name: 'Measured',
      value:
        `${env.date.slice(0, 16).replace('T', ' ')} in ${formatDuration(env.seconds)} ${env.engine === 'torch' ? 'by' : 'on'} ${describeChoice(env)}` +
        ` (${env.cpu}, ${plural(env.threads, 'thread')}, ${plural(env.workers, 'worker')}, ${env.platform})`,
    },
    {
      name: 'Versions',
      value: `pushpull ${env.pushpull}, Node ${env.node}, ${env.torch ? `PyTorch ${env.torch}` : `ONNX Runtime ${env.onnxruntime}`}`,
    },
  ];
  if (run?.config) facts.push(...trainingFacts(run.config, model));
  return facts;
}

/** How the outputs of a model from elsewhere were read. */
function readingFacts({ model: { reading } }: Result): Fact[] {
  if (!reading || reading.classes.from === 'card') return [];
  const { output, scores, classes } = reading;
  const used = formatCount(output.count - classes.unused);
  const masked = classes.unused > 0 ? `; the answer is taken among ${used} of them` : '';
  const shared =
    classes.shared > 0
      ? `; ${formatCount(classes.shared)} of them stand for several outputs, whose probabilities are added`
      : '';
  return [
    {
      name: 'Outputs',
      value: `${output.name}, ${formatCount(output.count)} ${scores.kind} (${scores.why})${masked}`,
    },
    { name: 'Classes of the outputs', value: `${classes.why}${shared}` },
  ];
}

function trainingFacts(config: RunConfig, { run }: ComparedModel): Fact[] {
  const { recipe } = config;
  const seconds = (run?.epochs ?? []).reduce(
    (sum, epoch) => sum + epoch.seconds.train + epoch.seconds.evaluate,
    0,
  );
  const momentum = recipe.momentum === 'cycle' ? 'cycled momentum' : `momentum ${recipe.momentum}`;
  return [
    {
      name: 'Trained on',
      value:
        `${config.data.name}, ${formatCount(config.data.trainImages)} training images` +
        `${config.data.validation ? `, ${formatPercent(config.data.validation)} of all held out to validate on` : ''}, ` +
        `${config.data.fraction ? `a fraction of ${formatPercent(config.data.fraction)}, ` : ''}` +
        `preset ${config.preset}`,
    },
    {
      name: 'Recipe',
      value:
        `${plural(recipe.epochs, 'epoch')}, batch ${recipe.batchSize}, one cycle ${recipe.rates.initial} → ${recipe.rates.max} → ` +
        `${recipe.rates.end}, ${momentum}, weight decay ${recipe.weightDecay}`,
    },
    {
      name: 'Training',
      value: `seed ${config.seed}, ${config.engine === 'torch' ? '' : 'device '}${describeChoice(config)}${seconds > 0 ? `, ${formatDuration(seconds)}` : ''}`,
    },
  ];
}

function cellCounts({ result }: ComparedModel): string {
  const counts = imagesPerCell(result);
  const cells = `${measuredCells(result)} of 75 cells measured`;
  if (!counts) return `not stored with this result; ${cells}`;
  const each =
    counts.min === counts.max
      ? formatCount(counts.min)
      : `${formatCount(counts.min)} to ${formatCount(counts.max)}`;
  return `${each}; ${cells}`;
}

function cautions({ models, baseline, best }: Comparison): string[] {
  const list: string[] = [];
  const { clean, data } = models[0]!.result;
  if (clean && clean.images > 0) {
    const error = Math.sqrt((clean.top1 * (1 - clean.top1)) / clean.images);
    list.push(
      `With ${plural(clean.images, 'image')} the clean error of ${models[0]!.label} is known to about ` +
        `± ${formatPercent(error)} (one standard error).`,
    );
  }
  if (baseline && best) {
    list.push(
      'Every row is one trained network. Another training seed moves these figures too, so a small difference between two rows need not come from the layer.',
    );
  }
  for (const { label, result } of models) {
    if (!result.complete)
      list.push(`The evaluation of ${label} is not finished: cells of its grid are missing.`);
    const bad = result.clean ? (data.clean ?? data).images - result.clean.images : 0;
    if (bad > 0 && result.data.skipBad)
      list.push(`${label}: ${formatCount(bad)} unreadable images were left out.`);
    for (const note of result.notes) list.push(`${label}: ${note}.`);
  }
  const precisions = models.map(({ label, result: { environment } }) => {
    const { precision = 'float32', tf32 } = environment;
    return { label, precision: `${precision}${tf32 ? ' with TF32' : ''}` };
  });
  if (new Set(precisions.map(({ precision }) => precision)).size > 1) {
    const each = precisions.map(({ label, precision }) => `${label} in ${precision}`);
    list.push(`Measured in different precisions: ${each.join(', ')}.`);
  }
  return list;
}

/** What `--data` or `--clean` was. */
function spec({ name, path }: { readonly name: string; readonly path?: string }): string {
  return path ?? (name === MNIST_PART ? 'mnist' : name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** The commands that make a result again, put together from its stored settings. */
function deriveCommands({ result, run }: ComparedModel): string[] {
  const commands: string[] = [];
  const { data, model } = result;
  if (run?.config) commands.push(trainCommand(run.config, run.source).join(' '));
  commands.push(
    commandParts([
      `pushpull evaluate ${shellWord(model.file)}`,
      ['--data', data.corrupted ? `${data.corrupted.format}:${data.path}` : spec(data)],
      ['--clean', data.clean && spec(data.clean)],
      ['--classes', data.selection?.draw],
      ['--classes-file', data.selection?.file],
      ['--limit', data.limit],
      ['--seed', data.seed],
      ['--set', data.corrupted ? null : data.corruptionSet],
      ...engineWords(result.environment),
      ...foreignOptions(result),
    ]).join(' '),
  );
  return commands;
}

/** What has to be said of a model that does not say it itself. */
function foreignOptions({
  model: { reading },
  data: { preprocessing: input },
}: Result): [option: string, value: string | number | null | undefined][] {
  if (!reading || reading.classes.from === 'card') return [];
  const { channels } = input;
  const own = ([red, green, blue]: readonly [number, number, number]) =>
    (channels === 'grey' ? [red] : channels === 'bgr' ? [blue, green, red] : [red, green, blue]).join(',');
  const floats = input.dtype === 'float32';
  const size = input.width === input.height ? input.width : `${input.width}x${input.height}`;
  return [
    [
      '--input-size',
      reading.input.shape.filter((length) => typeof length === 'string').length > 1 ? size : null,
    ],
    ...geometryWords(input),
    ['--mean', floats ? own(input.mean) : null],
    ['--std', floats ? own(input.std) : null],
    ['--layout', input.layout],
    ['--channels', channels],
    ['--output', reading.output.name],
    ['--scores', reading.scores.why === '--scores' ? reading.scores.kind : null],
    ['--labels', reading.classes.file],
    ['--class-order', reading.classes.order],
  ];
}
