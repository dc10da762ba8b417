/** Weights of any origin: what file they are from, whose names it has, and what it says about itself. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { CARD_KEY, type Preprocessing, parseModelCard } from '../../models/card.ts';
import type { ModelConfig, StemConfig } from '../../models/config.ts';
import { findCheckpoint, WEIGHTS } from '../checkpoint.ts';
import { modelConfigSchema, preprocessingSchema } from '../config.ts';
import { isOwnRun, runPaths } from '../run.ts';
import { readTensors } from '../tensor-file.ts';
import { type Dialect, translate } from './dialects.ts';

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
  const file = resolve((await isOwnRun(path)) ? await checkpointOf(path) : path);
  const { tensors, metadata, taken, others } = await readTensors(file);
  const { dialect, tensors: named, ignored, clashes } = translate(tensors);
  if (clashes.size > 0) {
    const lines = [...clashes].map(([own, names]) => `  ${own}: ${names.join(', ')}`);
    throw new UserError(
      `${file}: it holds several tensors for one name. Save it anew with one of each.\n${lines.join('\n')}`,
    );
  }
  const card = readCard(metadata, file);
  const notes = [`names of ${dialect.name}`];
  if (others.length > 0) notes.push(`took '${taken}'; the file also has '${others.join("', '")}'`);
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
