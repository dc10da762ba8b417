/** What a model of somebody else's will take of the machine, as far as its file tells, and what it is allowed to. */
import type { Engine, ModelLimits, OnnxEngine } from '../../engine/engine.ts';
import { gigabytes, modelLimits } from '../../engine/node/index.ts';
import { UserError } from '../../errors.ts';
import type { Preprocessing } from '../../models/card.ts';
import { attributeOf, type Constant, Constants } from '../../onnx/constants.ts';
import type { Port } from '../../onnx/interface.ts';
import type { GraphProto, ModelProto, NodeProto } from '../../onnx/model.ts';
import { storageBytes } from '../../onnx/schema.ts';
import type { ModelFile } from './model-file.ts';
import { isFixed, loadedType } from './preprocessing.ts';

/** Asked for on the command line. */
export interface AskedLimits {
  /** Seconds in which a model that is no run's must be loaded, and give its first answer. Default 120. */
  readonly modelTimeout?: number;
  /** GB of memory that such a model may take. Default: 80 % of what is free. */
  readonly modelMemory?: number;
}

/** The limits for a model: none for a run's own, unless they are asked for. */
export function guardFor(
  { run, model }: ModelFile,
  { modelTimeout, modelMemory }: AskedLimits,
): { readonly limits?: ModelLimits } {
  if (run !== undefined && modelTimeout === undefined && modelMemory === undefined) return {};
  return { limits: modelLimits(model.file, { seconds: modelTimeout, gigabytes: modelMemory }) };
}

interface Subject {
  readonly proto: ModelProto;
  readonly input: Port;
  readonly preprocessing: Preprocessing;
  readonly file: string;
}

/** The largest batch that is handed over at once. */
const LARGEST_BATCH = 2 ** 31;
/** Beside its images a model holds at least what its first layer makes of them. */
const LEAST_TIMES_IMAGES = 2;

/**
 * Refuse what cannot end well, before anything of it is made.
 *
 * @throws UserError for a fixed batch, or a tensor of known size, that is larger than the model's memory
 */
export function checkDemands(engine: Engine, { proto, input, preprocessing, file }: Subject): void {
  const { limits } = engine as OnnxEngine;
  if (limits === undefined) return;
  const { bytes } = limits;
  const cure = 'give more with --model-memory, or another model';
  const { width, height } = preprocessing;
  const batch = input.shape?.[0];
  const images = batch !== undefined && isFixed(batch) ? batch : 1;
  const needed = images * 3 * width * height * (loadedType(preprocessing) === 'uint8' ? 1 : 4);
  if (needed > Math.min(bytes / LEAST_TIMES_IMAGES, LARGEST_BATCH)) {
    const taken = images > 1 ? `batches of ${images} images only` : `images of ${width}×${height} pixels`;
    throw new UserError(
      `${file}: takes ${taken}, which have ${gigabytes(needed)}, too much for the ${gigabytes(bytes)} of memory that a model ` +
        `is given; ${images > 1 ? 'export it with a free batch size' : 'check --input-size'}, or ${cure}`,
    );
  }
  for (const { what, size } of knownTensors(proto.graph)) {
    if (!(size > bytes)) continue;
    throw new UserError(
      `${file}: ${what} makes a tensor of ${gigabytes(size)}, more than the ${gigabytes(bytes)} of memory that a model is ` +
        `given; ${cure}`,
    );
  }
}

interface KnownTensor {
  readonly what: string;
  readonly size: number;
}

/** Graphs in graphs, at most. */
const MAX_DEPTH = 32;

/** Tensors whose size in bytes stands in the file, though they are made when the model is loaded or run. */
function* knownTensors(graph: GraphProto, depth = 0): Generator<KnownTensor> {
  if (depth > MAX_DEPTH) return;
  const shapes = new KnownValues(graph);
  for (const { dims, values } of graph.sparseInitializer ?? []) {
    yield { what: `its sparse weights "${values?.name ?? ''}"`, size: 4 * product((dims ?? []).map(Number)) };
  }
  for (const node of graph.node) {
    const size = sizeOf(node, shapes);
    if (size !== undefined)
      yield { what: `its node "${node.name || node.output[0]}" (${node.opType})`, size };
    for (const { g, graphs = [] } of node.attribute) {
      for (const inner of [...(g ? [g] : []), ...graphs]) yield* knownTensors(inner, depth + 1);
    }
  }
}

/** Elements are taken for 4 bytes where their type is not known. */
function sizeOf(node: NodeProto, known: KnownValues): number | undefined {
  const [first, second, third] = node.input;
  switch (node.opType) {
    case 'Constant': {
      const dense = attributeOf(node, 'value')?.t;
      const sparse = attributeOf(node, 'sparse_value')?.sparseTensor;
      if (sparse) return 4 * product((sparse.dims ?? []).map(Number));
      return dense && storageBytes(dense);
    }
    case 'ConstantOfShape': {
      const dims = known.values(first);
      const { dataType = 1 } = attributeOf(node, 'value')?.t ?? {};
      return dims && storageBytes({ dataType, dims });
    }
    case 'Expand': {
      const dims = known.values(second);
      return dims && product(dims) * known.elementBytes(first);
    }
    case 'Tile': {
      const repeats = known.values(second);
      return repeats && product(repeats) * product(known.dims(first) ?? [1]) * known.elementBytes(first);
    }
    case 'Pad': {
      const pads = known.values(second) ?? attributeOf(node, 'pads')?.ints?.map(Number);
      const axes = (pads?.length ?? 0) / 2;
      return (
        pads && 4 * product(Array.from({ length: axes }, (_, at) => Math.max(1, pads[at] + pads[at + axes])))
      );
    }
    case 'Range': {
      const [start, limit, step] = [first, second, third].map((name) => known.values(name)?.[0]);
      if (start === undefined || limit === undefined || !step) return undefined;
      return 4 * Math.max(0, Math.ceil((limit - start) / step));
    }
    case 'OneHot': {
      const depth = known.values(second)?.[0];
      return depth === undefined ? undefined : 4 * depth;
    }
    case 'Resize':
    case 'Upsample': {
      const sizes = known.values(node.input[3] ?? '');
      return sizes && 4 * product(sizes);
    }
    case 'RandomNormal':
    case 'RandomUniform': {
      const shape = attributeOf(node, 'shape')?.ints;
      return shape && 4 * product(shape.map(Number));
    }
    default:
      return undefined;
  }
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * Math.max(0, size), 1);

/** Shapes and the like: more numbers than a tensor has axes are of no interest. */
const FEW = 64;

/** The short lists of numbers that a graph's constants hold. */
class KnownValues {
  readonly #constants: Constants;
  readonly #stored: ReadonlyMap<string, { readonly dims: readonly unknown[]; readonly dataType: number }>;

  constructor(graph: GraphProto) {
    this.#constants = new Constants(graph);
    this.#stored = new Map([
      ...graph.initializer.map((tensor) => [tensor.name, tensor] as const),
      ...graph.node.flatMap((node) => {
        const tensor = node.opType === 'Constant' ? attributeOf(node, 'value')?.t : undefined;
        return tensor ? [[node.output[0], tensor] as const] : [];
      }),
    ]);
  }

  values(name: string | undefined): readonly number[] | undefined {
    if (!name) return undefined;
    const stored = this.#stored.get(name);
    if (stored && product(stored.dims.map(Number)) > FEW) return undefined;
    const constant = this.#evaluate(name);
    return typeof constant === 'string' || constant.values.length > FEW ? undefined : [...constant.values];
  }

  /** A damaged file may have nodes in a circle. */
  #evaluate(name: string): Constant | string {
    try {
      return this.#constants.evaluate(name);
    } catch (error) {
      return (error as Error).message;
    }
  }

  dims(name: string): readonly number[] | undefined {
    return this.#stored.get(name)?.dims.map(Number);
  }

  elementBytes(name: string): number {
    const stored = this.#stored.get(name);
    return (stored && storageBytes({ ...stored, dims: [1] })) ?? 4;
  }
}
