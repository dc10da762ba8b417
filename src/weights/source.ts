/** Weights of any origin: what file they are from, whose names it has, and what it says about itself. */

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { createReadStream, readdir, stat } from '../files/fs.ts';
import { floats, formatShape, type Tensor } from '../graph/tensor.ts';
import { CARD_KEY, type Preprocessing, parseModelCard } from '../models/card.ts';
import type { ModelConfig, StemConfig } from '../models/config.ts';
import { findCheckpoint, WEIGHTS } from '../run/checkpoint.ts';
import { modelConfigSchema, preprocessingSchema } from '../run/config.ts';
import { isOwnRun, runPaths } from '../run/run.ts';
import { readTensors } from '../tensor-files/tensor-file.ts';
import { plural } from '../words.ts';
import { type Dialect, translate } from './dialects.ts';
import { type FoundNetwork, findNetwork } from './find-network.ts';

/** What a safetensors file of ours says about its network. */
export interface WeightsCard {
  readonly config: ModelConfig;
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly training?: Readonly<Record<string, unknown>>;
}

export interface WeightsSource {
  /** Absolute path of the file. */
  readonly file: string;
  readonly sha256: string;
  readonly dialect: Dialect;
  /** Tensors under the names that they have here. */
  readonly tensors: Map<string, Tensor>;
  /** Filters of the network's blurs, by the file's names. */
  readonly blurs: ReadonlyMap<string, Tensor>;
  readonly card: WeightsCard | undefined;
  /** The first layer, as far as more is known of it than its tensors show. */
  readonly stem: StemConfig | 'inhibiting' | undefined;
  /** What was chosen while reading, a line each. */
  readonly notes: readonly string[];
}

/**
 * Read weights: a safetensors file, one that PyTorch saved, or a run's folder, of which the last checkpoint is taken.
 *
 * @throws UserError when the file is missing, damaged or of another kind, or has two tensors for one name
 */
export async function openWeights(path: string): Promise<WeightsSource> {
  const file = resolve(await weightsFile(path));
  const { tensors, metadata, taken, others } = await readTensors(file);
  const network = findNetwork(tensors, ({ data }) => data.length <= 1);
  const { dialect, tensors: named, ignored, clashes } = translate(network.tensors);
  if (clashes.size > 0) {
    const lines = [...clashes].map(([own, names]) => `  ${own}: ${names.join(', ')}`);
    throw new UserError(
      `${file}: it holds several tensors for one name. Save it anew with one of each.\n${lines.join('\n')}`,
    );
  }
  const card = readCard(metadata, file);
  const notes = [`names of ${dialect.name}`];
  if (others.length > 0) notes.push(`took '${taken}'; the file also has '${others.join("', '")}'`);
  notes.push(...networkNotes(network));
  return {
    file,
    sha256: await sha256(file),
    dialect,
    tensors: named,
    blurs: new Map([...ignored].filter(([name]) => name.endsWith('.filt'))),
    card,
    stem: card?.config.stem ?? ([...tensors.keys()].some(isPushKernel) ? 'inhibiting' : undefined),
    notes,
  };
}

/** What of a file was taken for the network, where that is not all of it. */
function networkNotes({ prefix, tensors, copies, beside }: FoundNetwork<Tensor>): string[] {
  const notes: string[] = [];
  for (const [other, copy] of copies) {
    const same = [...tensors].every(([name, tensor]) => sameValues(tensor, copy.get(name)));
    notes.push(
      `took ${prefix === '' ? 'the tensors without a prefix' : `'${prefix}'`}; the file also has the network as '${other}', ` +
        `${same ? 'with the same values' : 'with other values: save that alone to take it'}`,
    );
  }
  const weights = [...beside]
    .filter(([name]) => !name.endsWith('num_batches_tracked'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (weights.length === 0) return notes;
  const shown = weights.slice(0, SHOWN).map(([name, { shape }]) => `${name} ${formatShape(shape)}`);
  const more = weights.length - shown.length;
  notes.push(
    `left out ${plural(weights.length, 'tensor')} beside the network: ${shown.join(', ')}` +
      `${more > 0 ? ` and ${more} more` : ''}`,
  );
  for (const [name, tensor] of weights) {
    const [, what] = /(?:^|[._])(mean|std)$/.exec(name) ?? [];
    if (what === undefined || tensor.dtype !== 'float32' || tensor.data.length !== 3) continue;
    notes.push(
      `${name} says how images were normalised: --${what} ${[...floats(tensor)].map((value) => Number(value.toPrecision(4))).join(',')}`,
    );
  }
  return notes;
}

/** Names that are shown of what was left out. */
const SHOWN = 8;

function sameValues(a: Tensor, b: Tensor | undefined): boolean {
  if (a === b) return true;
  return (
    b !== undefined && a.data.length === b.data.length && a.data.every((value, at) => value === b.data[at])
  );
}

/** Files of weights in a folder of HuggingFace's. */
const HUGGINGFACE = ['model.safetensors', 'pytorch_model.bin'] as const;

/** The file of weights that a path stands for. */
async function weightsFile(path: string): Promise<string> {
  if (await isOwnRun(path)) return checkpointOf(path);
  if (!(await stat(path).catch(() => undefined))?.isDirectory()) return path;
  const names = await readdir(path);
  const name = HUGGINGFACE.find((usual) => names.includes(usual));
  if (name !== undefined) return join(path, name);
  throw new UserError(
    `${path}: expected a file of weights, the folder of a run, or one with ${HUGGINGFACE.join(' or ')}, found none of these ` +
      'in it; give the file itself',
  );
}

async function checkpointOf(run: string): Promise<string> {
  const folder = await findCheckpoint(runPaths(run).checkpoint);
  if (folder !== undefined) return join(folder, WEIGHTS);
  throw new UserError(
    `${run}: expected a run with weights, but it has no checkpoint yet. Train it further, or name another.`,
  );
}

const isPushKernel = (name: string): boolean => /\.push(_conv)?\.weight$/.test(name);

const cardSchema = z.object({
  model: modelConfigSchema.omit({ model: true }).extend({ name: z.string() }).loose(),
  classes: z.array(z.string()),
  preprocessing: preprocessingSchema,
  training: z.record(z.string(), z.unknown()).optional(),
});

function readCard(metadata: Readonly<Record<string, string>>, file: string): WeightsCard | undefined {
  const text = metadata[CARD_KEY];
  if (text === undefined) return undefined;
  const parsed = cardSchema.safeParse(parseModelCard(text, file));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new UserError(
      `${file}: the entry '${path.join('.')}' of its "${CARD_KEY}" metadata is wrong (${message}). Export it again.`,
    );
  }
  const { name, form, width, classes, stem, antialias, stemBias, batchNorm } = parsed.data.model;
  return {
    ...parsed.data,
    config: { model: name, form, width, classes, stem, antialias, stemBias, batchNorm },
  };
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
