/** Which output of a model holds the scores of the classes, found out by running it on a few images. */
import { UserError } from '../../errors.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { AdaptedOutput } from '../../onnx/adapt.ts';
import { describePort, type Port } from '../../onnx/interface.ts';
import type { Feeder, ImageBatch } from './feeder.ts';

/** The scores of some images. */
export interface ProbedOutput {
  /** As the model calls it. */
  readonly name: string;
  /** What the model itself gives. */
  readonly dtype: string;
  /** Of the float32 output to fetch. */
  readonly fetch: string;
  /** Scores an image, K. */
  readonly count: number;
  /** `[images, count]` */
  readonly rows: Float32Array;
  readonly real: boolean;
}

/**
 * Every output that has so many numbers for each image of a batch, whatever axes of length 1 are around them: `[N, K]`,
 * `[N, K, 1, 1]`, `[N, 1, 1, K]`, or `[K]` of a single image.
 *
 * @throws the runtime's error when the model fails on these images
 */
export async function probeOutputs(
  feeder: Feeder,
  batch: ImageBatch,
  outputs: ReadonlyMap<string, AdaptedOutput>,
): Promise<{ readonly candidates: ProbedOutput[]; readonly shapes: ReadonlyMap<string, readonly number[]> }> {
  const shapes = new Map<string, readonly number[]>();
  const parts = new Map<string, Float32Array[]>();
  const counts = new Map<string, number | undefined>();
  for await (const part of feeder.run(
    batch,
    [...outputs.values()].map(({ name }) => name),
  )) {
    for (const [name, { name: fetched }] of outputs) {
      const tensor = part.outputs[fetched];
      shapes.set(name, tensor.shape);
      const count = scoresAnImage(tensor, part.size);
      counts.set(name, parts.has(name) && counts.get(name) !== count ? undefined : count);
      if (count === undefined) continue;
      parts.set(name, [
        ...(parts.get(name) ?? []),
        (tensor.data as Float32Array).slice(0, part.count * count),
      ]);
    }
  }
  const candidates = [...outputs].flatMap(([name, { name: fetch, dtype, real }]) => {
    const count = counts.get(name);
    if (count === undefined) return [];
    return [{ name, dtype, fetch, count, rows: joined(parts.get(name)!), real }];
  });
  return { candidates, shapes };
}

function scoresAnImage({ shape, data }: Tensor, images: number): number | undefined {
  const long = shape.filter((length) => length !== 1);
  const isRow = images === 1 ? long.length <= 1 : long[0] === images && long.length <= 2;
  return isRow && data.length % images === 0 && data.length > 0 ? data.length / images : undefined;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const rows = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return rows;
}

interface Wanted {
  readonly file: string;
  /** `--output` */
  readonly name: string | undefined;
  /** Numbers of outputs that would fit, the likeliest first: what names there are for, and the classes of the data. */
  readonly counts: readonly number[];
  /** What the model says of its outputs. */
  readonly ports: readonly Port[];
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Why an output is no score for each class, where the graph says so. */
  readonly against?: (output: ProbedOutput) => string | undefined;
}

/**
 * The output with the scores: the one that is asked for, the only one, or the only one whose length fits.
 *
 * @throws UserError when there is none, or several
 */
export function pickOutput(candidates: readonly ProbedOutput[], wanted: Wanted): ProbedOutput {
  const { file, name, counts, ports, shapes, against = () => undefined } = wanted;
  const found = ports
    .map((port) => describePort({ ...port, shape: shapes.get(port.name) ?? port.shape }))
    .join('; ');
  if (name !== undefined) {
    const output = candidates.find((candidate) => candidate.name === name);
    const why = output && against(output);
    if (why) throw new UserError(`${file}: --output ${name}: expected a score for each class; ${why}`);
    if (output) return output;
    throw new UserError(
      `${file}: --output ${name}: expected an output with a score for each class, [N, classes], found ${found}`,
    );
  }
  const refused = new Map(
    candidates.flatMap((each) => {
      const why = against(each);
      return why ? [[each, why]] : [];
    }),
  );
  // One number an image can be the answer of a network of two classes, but a whole one is the number of a class.
  const usable = candidates
    .filter((candidate) => !refused.has(candidate))
    .filter(({ count, real }) => count > 1 || (real && counts.includes(2)));
  const real = usable.filter((output) => output.real && output.count > 1);
  const pool = real.length > 0 ? real : usable;
  if (pool.length === 1) return pool[0];
  for (const count of counts) {
    const fitting = pool.filter((output) => output.count === count);
    if (fitting.length === 1) return fitting[0];
    if (fitting.length > 1) break;
  }
  const [[first, why] = []] = refused;
  if (pool.length === 0 && first) {
    throw new UserError(
      `${file}: expected an output with a score for each class, found ${found}; of "${first.name}": ${why}; ` +
        'export the model without what comes behind the scores',
    );
  }
  throw new UserError(
    pool.length === 0
      ? `${file}: expected an output with a score for each class, [N, classes], found ${found}; ` +
          'give an image classifier (object detectors and segmentation networks are none)'
      : `${file}: has several outputs that could be the scores (${found}); pass --output NAME`,
  );
}
