import type { RecordedChoice } from '../engine/options.ts';
import { PRESETS, type PresetName, type RunConfig } from './config.ts';

/** A word of a command line, or an option with its value; options without a value are left out. */
export type CommandWord = string | readonly [option: string, value: string | number | null | undefined];

/** A command line that a shell takes word for word, in parts that belong together: `--width 64`. */
export function commandParts(words: readonly CommandWord[]): string[] {
  return words.flatMap((word) => {
    if (typeof word === 'string') return [word];
    const [option, value] = word;
    if (value === null || value === undefined) return [];
    return [`${option} ${shellWord(typeof value === 'number' ? exact(value) : value)}`];
  });
}

/** Text as one word of a shell, quoted where it needs to be. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A number as it can be read back to the last bit; `1e-5` where zeros would have to be counted. */
export function exact(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

/**
 * The `pushpull train` that begins a run with these settings, in parts as `commandParts` has them.
 *
 * @param out Its folder.
 */
export function trainCommand(config: RunConfig, out: string): string[] {
  const { model, data, recipe, seed, initial, trainingImages } = config;
  const { stem, antialias = 'none', stemBias } = model;
  const preset = PRESETS[config.preset as PresetName];
  return commandParts([
    'pushpull train',
    ['--data', data.spec],
    ['--model', model.model],
    ['--form', model.form === preset?.form ? null : model.form],
    ['--width', model.width],
    ['--stem', stem.kind],
    ['--avg', stem.kind === 'pushpull' ? stem.avg : null],
    ['--alpha', stem.kind === 'conv' ? null : stem.alpha],
    ['--antialias', antialias === 'none' ? null : antialias],
    ...(stemBias === undefined ? [] : [stemBias ? '--stem-bias' : '--no-stem-bias']),
    ['--bn-eps', model.batchNorm?.eps],
    ['--bn-momentum', model.batchNorm?.momentum],
    ['--weights', initial?.file],
    ...(initial?.newClassifier ? ['--new-classifier'] : []),
    ['--reestimate-bn', initial?.reestimateBatches],
    ['--preset', config.preset],
    ['--epochs', recipe.epochs],
    ['--batch', recipe.batchSize],
    ['--max-lr', recipe.rates.max],
    ['--momentum', recipe.momentum === preset?.recipe.momentum ? null : recipe.momentum],
    ['--weight-decay', recipe.weightDecay],
    ['--augment', trainingImages.augment],
    ['--jsd', recipe.jsd],
    ['--classes', data.selection?.kind === 'draw' ? `${data.selection.count}:${data.selection.seed}` : null],
    ['--classes-file', data.selection?.kind === 'file' ? data.selection.file : null],
    ['--validation', data.validation],
    ['--fraction', data.fraction],
    ['--limit', typeof data.limit === 'object' ? limitWord(data.limit) : data.limit],
    ['--seed', seed],
    ...engineWords(config),
    ['--out', out],
  ]);
}

/** The options that choose what is computed on; none for ONNX Runtime on the CPU. */
export function engineWords({
  engine,
  device,
  precision,
  tf32,
  fixedThreads,
}: RecordedChoice): CommandWord[] {
  return [
    ['--engine', engine === 'onnxruntime' ? null : engine],
    ['--device', device === 'cpu' ? null : device],
    ['--precision', precision === 'float32' ? null : precision],
    ...(tf32 ? ['--tf32'] : []),
    ...(fixedThreads === undefined ? [] : ['--deterministic']),
    ['--threads', fixedThreads],
  ];
}

/** `train=5000,test=1000`. */
function limitWord(limit: RunConfig['data']['limit']): string | undefined {
  const parts = Object.entries(limit ?? {}).map(([split, images]) => `${split}=${images}`);
  return parts.length > 0 ? parts.join(',') : undefined;
}
