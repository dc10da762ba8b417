/** The first layer of a network from anywhere: a plain convolution, or a push-pull unit, whoever wrote it. */
import { attributeOf, type Constant, Constants } from './constants.ts';
import {
  describeConvolution,
  type FirstConvolution,
  findFirstConvolution,
  imageReaders,
} from './first-convolution.ts';
import { liveNodes } from './liveness.ts';
import type { GraphProto, ModelProto, NodeProto } from './model.ts';

export interface FirstLayer {
  /** The convolution; in a push-pull unit the push convolution. */
  readonly convolution: FirstConvolution;
  /** Vertical, horizontal. */
  readonly dilation: readonly [number, number];
  /** Present when the layer is a push-pull unit (Bennabhaktula et al. 2024). */
  readonly unit?: { readonly avg: number; readonly alpha: Float64Array };
  /** Whether it is the push-pull layer of 2020, whose pull kernels are the push kernels negated and enlarged. */
  readonly isPushPull2020: boolean;
}

/**
 * Finds the layer that looks at the image first. A push-pull unit is known by what it computes, so one that
 * `retrofit` put in, one that this project trained and one that PyTorch exported are all found.
 *
 * @param file How messages name the model.
 * @throws UserError when the first layer is neither, see `findFirstConvolution`
 */
export function findFirstLayer(model: ModelProto, file: string): FirstLayer {
  const { convolutions, others } = imageReaders(model, file);
  if (others.length === 0 && convolutions.length === 2) {
    const constants = new Constants(model.graph);
    const [a, b] = convolutions.map((node) => describeConvolution(node, constants, file));
    const flow = new Flow(model.graph, constants);
    for (const [push, other] of [
      [a, b],
      [b, a],
    ]) {
      const unit = matchUnit(push, other, flow);
      if (unit) return { convolution: push, dilation: dilationOf(push), unit, isPushPull2020: false };
      if (isNegatedAndEnlarged(other.weight, push.weight)) {
        return { convolution: push, dilation: dilationOf(push), isPushPull2020: true };
      }
    }
  }
  const convolution = findFirstConvolution(model, file);
  return { convolution, dilation: dilationOf(convolution), isPushPull2020: false };
}

function dilationOf({ node }: FirstConvolution): readonly [number, number] {
  const { ints = [] } = attributeOf(node, 'dilations') ?? {};
  return [Number(ints[0] ?? 1), Number(ints[1] ?? 1)];
}

/** Who reads a tensor, of the nodes that matter. */
class Flow {
  readonly constants: Constants;
  readonly #nodes: readonly NodeProto[];

  constructor(graph: GraphProto, constants: Constants) {
    const live = liveNodes(graph);
    this.#nodes = graph.node.filter((node) => live.has(node));
    this.constants = constants;
  }

  readers(name: string, opType: string): NodeProto[] {
    return this.#nodes.filter((node) => node.opType === opType && node.input.includes(name));
  }

  /** The one node of a kind that reads a tensor. */
  reader(name: string, opType: string): NodeProto | undefined {
    const [first, ...more] = this.readers(name, opType);
    return more.length === 0 ? first : undefined;
  }

  /** The constant that a node combines a tensor with. */
  partner(node: NodeProto, name: string): Constant | undefined {
    const other = node.input.find((input) => input !== name);
    const value = other === undefined ? undefined : this.constants.evaluate(other);
    return typeof value === 'object' ? value : undefined;
  }
}

/** `relu(push) - alpha · relu(avg(pull))`, behind two convolutions of the image; undefined when it is something else. */
function matchUnit(push: FirstConvolution, other: FirstConvolution, flow: Flow): FirstLayer['unit'] {
  const pull = pullResponse(push, other, flow);
  if (pull === undefined) return undefined;
  const pooling = flow.reader(pull, 'AveragePool');
  const pooled = pooling?.output[0] ?? pull;
  const avg = pooling ? Number(attributeOf(pooling, 'kernel_shape')?.ints?.[0]) : 0;
  const rectified = flow.reader(pooled, 'Relu')?.output[0];
  const rectifiedPush = flow.reader(push.node.output[0], 'Relu')?.output[0];
  if (rectified === undefined || rectifiedPush === undefined) return undefined;
  const weighting = flow.reader(rectified, 'Mul');
  const strengths = weighting && flow.partner(weighting, rectified);
  const [filters] = push.weight.dims;
  const alpha = weighting ? strengths && perFilter(strengths, filters) : new Float64Array(filters).fill(1);
  const inhibition = weighting?.output[0] ?? rectified;
  const difference = flow
    .readers(inhibition, 'Sub')
    .find(({ input }) => input[0] === rectifiedPush && input[1] === inhibition);
  return difference && alpha && { avg, alpha };
}

/** Name of the response to the pull kernels: of a convolution with them, or `(max + min) · (x * 1) - x * w`. */
function pullResponse(push: FirstConvolution, other: FirstConvolution, flow: Flow): string | undefined {
  const response = push.node.output[0];
  const [otherResponse] = other.node.output;
  const levels = levelsOf(push.weight);
  if (isPull(other.weight, push.weight, levels)) return otherResponse;
  if (other.weight.values.some((value) => value !== 1)) return undefined;
  const scaling = flow.reader(otherResponse, 'Mul') ?? flow.reader(otherResponse, 'Conv');
  const stored = scaling && flow.partner(scaling, otherResponse);
  const found = stored && perFilter(stored, levels.length);
  const tolerance = tolerated(push.weight);
  if (!found || found.some((level, filter) => Math.abs(level - levels[filter]) > tolerance)) return undefined;
  const [scaled] = scaling!.output;
  return flow.readers(scaled, 'Sub').find(({ input }) => input[0] === scaled && input[1] === response)
    ?.output[0];
}

function isPull(pull: Constant, push: Constant, levels: Float64Array): boolean {
  if (pull.dims.join() !== push.dims.join()) return false;
  const size = push.values.length / levels.length;
  const tolerance = tolerated(push);
  return pull.values.every(
    (value, i) => Math.abs(value + push.values[i] - levels[Math.floor(i / size)]) <= tolerance,
  );
}

/** What float16 may lose of a sum of two weights. */
function tolerated({ values }: Constant): number {
  return 4e-3 * values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** `max(w) + min(w)` of each filter. */
function levelsOf({ dims, values }: Constant): Float64Array {
  const size = values.length / dims[0];
  return Float64Array.from({ length: dims[0] }, (_, filter) => {
    const kernel = values.subarray(filter * size, (filter + 1) * size);
    return Math.max(...kernel) + Math.min(...kernel);
  });
}

/** One number a filter, from as many or from one for all. */
function perFilter({ values }: Constant, filters: number): Float64Array | undefined {
  if (values.length === filters) return values;
  return values.length === 1 ? new Float64Array(filters).fill(values[0]) : undefined;
}

/** Whether a kernel's corners are those of another, negated: bilinear enlargement with aligned corners keeps them. */
function isNegatedAndEnlarged(large: Constant, small: Constant): boolean {
  const [filters, channels, height, width] = small.dims;
  if (large.dims[0] !== filters || large.dims[1] !== channels) return false;
  if (large.dims[2] <= height || large.dims[3] <= width) return false;
  const tolerance = tolerated(small);
  for (let plane = 0; plane < filters * channels; plane++) {
    for (const [bottom, right] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]) {
      const corner = ({ dims: [, , h, w], values }: Constant) =>
        values[plane * h * w + bottom * (h - 1) * w + right * (w - 1)];
      if (Math.abs(corner(large) + corner(small)) > tolerance) return false;
    }
  }
  return true;
}
