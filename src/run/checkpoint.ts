import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { mkdir, open, readFile, rename, rm, statIfThere } from '../files/fs.ts';
import { formatShape, sameShape, type Tensor } from '../graph/tensor.ts';
import { parseJson } from '../json.ts';
import { explainError, problemOf } from '../system-errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../tensor-files/safetensors.ts';
import { emptyRunning, epochRecordSchema, runningSchema } from './history.ts';

/** Version of a checkpoint's `state.json`; files of another one are refused. */
export const CHECKPOINT_SCHEMA = 'pushpull.checkpoint/1';

/** Name of the weights' file in a checkpoint's folder. */
export const WEIGHTS = 'weights.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const STATE = 'state.json';

const count = z.number().int().nonnegative();

/** Where a run stands. */
export const positionSchema = z.strictObject({
  /** The epoch that goes on, counted from 0; equal to the number of epochs when the run is finished. */
  epoch: count,
  /** Batches of that epoch that are done. */
  batch: count,
  /** Position in the schedule: the next optimiser step, counted from 0 over the whole run. */
  step: count,
});

export const checkpointStateSchema = z.strictObject({
  schema: z.literal(CHECKPOINT_SCHEMA),
  position: positionSchema,
  /** Length of the schedule. */
  totalSteps: count,
  /**
   * Every random number is drawn from a stream of its own, named by (seed, purpose, epoch, image index),
   * so the seed and the position are the whole state of chance.
   */
  random: z.strictObject({ scheme: z.literal('keyed'), seed: count }),
  /** Sums over the batches of the epoch that are done. */
  running: runningSchema.default(emptyRunning),
  /** The epochs that are finished, as in `log.jsonl`. */
  history: z.array(epochRecordSchema),
  /** SHA-256 of the files beside this one. */
  files: z.strictObject({ [WEIGHTS]: z.string(), [OPTIMIZER]: z.string() }),
});

export type Position = z.infer<typeof positionSchema>;
export type CheckpointState = Omit<z.infer<typeof checkpointStateSchema>, 'schema' | 'files'>;

/** All that is needed to go on as if nothing had happened. */
export interface Checkpoint {
  /** Parameters and buffers, by PyTorch's names. */
  readonly weights: Map<string, Tensor>;
  /** SGD's velocity of every parameter. */
  readonly momentum: Map<string, Tensor>;
  readonly state: CheckpointState;
  /** What the weights' file says about the network, for those who take it for itself. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Save a checkpoint as the folder `path`, in place of the one that may be there.
 *
 * All files are written beside it and flushed to the disk first; then the old folder steps aside and the new one
 * takes its name. Whatever happens on the way, a crash or a full disk, one whole checkpoint can be read.
 *
 * @throws UserError when the disk is full or the folder cannot be written.
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const fresh = `${path}.new`;
  const previous = `${path}.previous`;
  try {
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true });
    const weights = encodeSafetensors(checkpoint.weights, { format: 'pt', ...checkpoint.metadata });
    const optimizer = encodeSafetensors(checkpoint.momentum, { format: 'pt' });
    const state = {
      schema: CHECKPOINT_SCHEMA,
      ...checkpoint.state,
      files: { [WEIGHTS]: await sha256(weights), [OPTIMIZER]: await sha256(optimizer) },
    };
    await writeFlushed(join(fresh, WEIGHTS), weights);
    await writeFlushed(join(fresh, OPTIMIZER), optimizer);
    await writeFlushed(join(fresh, STATE), new TextEncoder().encode(`${JSON.stringify(state, null, 1)}\n`));
    await flushFolder(fresh);
    if (await exists(path)) {
      await rm(previous, { recursive: true, force: true });
      await rename(path, previous);
    }
    await rename(fresh, path);
    await flushFolder(dirname(path));
    await rm(previous, { recursive: true, force: true });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    const explained = explainError(error, path, 'write');
    if (!(explained instanceof UserError)) throw error;
    throw new UserError(
      `${path}: the checkpoint could not be written (${problemOf(explained)}). ` +
        'The one before is untouched: free some disk space or mend the folder, then go on with --resume.',
    );
  }
}

/** The folder that `loadCheckpoint` would read; undefined when there is none. */
export async function findCheckpoint(path: string): Promise<string | undefined> {
  // A crash between the two renames of `saveCheckpoint` leaves only the previous one.
  for (const folder of [path, `${path}.previous`]) if (await exists(folder)) return folder;
  return undefined;
}

/**
 * Read a checkpoint back.
 *
 * @throws UserError that names the file when it is missing, damaged or of an unknown version.
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const folder = await findCheckpoint(path);
  if (folder === undefined) {
    throw new UserError(
      `${path}: expected a checkpoint, but there is none. Start the training without --resume, or name the run's folder.`,
    );
  }
  const { state, files } = parseState(await readPart(folder, STATE), join(folder, STATE));
  const read = async (name: typeof WEIGHTS | typeof OPTIMIZER): Promise<Map<string, Tensor>> => {
    const bytes = await readPart(folder, name);
    const { tensors } = decodeSafetensors(bytes, join(folder, name));
    if ((await sha256(bytes)) !== files[name]) {
      throw damaged(join(folder, name), `its content is not what ${STATE} says was saved`);
    }
    return tensors;
  };
  return { weights: await read(WEIGHTS), momentum: await read(OPTIMIZER), state };
}

/**
 * Compare tensors that were read with those that a network has.
 *
 * @throws UserError that names the file, the tensor and both shapes at the first difference.
 */
export function checkTensors(
  expected: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  found: ReadonlyMap<string, Tensor>,
  file: string,
): void {
  const cure = 'It belongs to another network: check --model, --form, --width, --classes and --stem.';
  for (const [name, { shape }] of expected) {
    const tensor = found.get(name);
    if (tensor === undefined) throw new UserError(`${file}: the tensor '${name}' is missing. ${cure}`);
    if (!sameShape(tensor.shape, shape)) {
      throw new UserError(
        `${file}: expected '${name}' with shape ${formatShape(shape)}, found ${formatShape(tensor.shape)}. ${cure}`,
      );
    }
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) throw new UserError(`${file}: the network has no tensor '${name}'. ${cure}`);
  }
}

function parseState(bytes: Uint8Array, file: string) {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder().decode(bytes));
  } catch {
    throw damaged(file, 'it is no JSON');
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== CHECKPOINT_SCHEMA) {
    throw new UserError(
      `${file}: expected the schema '${CHECKPOINT_SCHEMA}', found ${JSON.stringify(schema) ?? 'none'}. ` +
        'The checkpoint is of another version of pushpull: resume with that version, or train anew.',
    );
  }
  const parsed = checkpointStateSchema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw damaged(file, `the entry '${path.join('.')}' is wrong (${message})`);
  }
  const { schema: _, files, ...state } = parsed.data;
  return { state, files };
}

async function readPart(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw damaged(join(folder, name), `it cannot be read: ${problemOf(error)}`);
  }
}

function damaged(file: string, found: string): UserError {
  return new UserError(
    `${file}: the checkpoint is damaged (${found}). Restore the folder from a copy, or train anew in another folder.`,
  );
}

/** Bytes that are hashed before something else gets its turn: training goes on beside it. */
const HASHED_AT_ONCE = 2 ** 22;

async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== undefined;
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Make renames inside a folder durable. Windows cannot open folders, and needs no such call. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
