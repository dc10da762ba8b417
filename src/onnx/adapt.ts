/** A model from elsewhere with inputs and outputs of the two types that images come in: float32 and uint8. */
import { UserError } from '../errors.ts';
import { Emitter, valueInfo } from './emitter.ts';
import { outputsOf, type Port } from './interface.ts';
import { namesIn } from './liveness.ts';
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from './model.ts';
import { ELEMENT_TYPE, FLOAT16, FLOAT64 } from './schema.ts';

/** `TensorProto.DataType` of what an image may be fed as. */
const INPUT_TYPES: Readonly<Record<string, number>> = {
  ...ELEMENT_TYPE,
  int8: 3,
  uint16: 4,
  int16: 5,
  float16: FLOAT16,
  float64: FLOAT64,
  uint32: 12,
  bfloat16: 16,
};
const FLOATS: readonly string[] = ['float32', 'float16', 'float64', 'bfloat16'];
const INTEGERS: readonly string[] = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'int64'];

/** Luma of ITU-R BT.601 in 1/65536, as Pillow's `convert('L')` reckons it. */
const LUMA = [19595, 38470, 7471];
/** The first operator set whose arithmetic broadcasts. */
const LEAST_OPSET = 7;

export interface ImageFeed {
  /** The model's own image input. */
  readonly input: Port;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'rgb' | 'bgr' | 'grey';
  /** Of a grey model of floats: applied to values in [0, 1]. */
  readonly mean: number;
  readonly std: number;
}

export interface AdaptedModel {
  /** The model itself where nothing had to be done. */
  readonly model: ModelProto;
  /** Takes the images, `[N, 3, H, W]` or `[N, H, W, 3]`, red, green, blue. */
  readonly input: string;
  /** Name of the adapted output for each of the model's own that holds numbers. */
  readonly outputs: ReadonlyMap<string, AdaptedOutput>;
}

export interface AdaptedOutput {
  /** Of the float32 output to fetch. */
  readonly name: string;
  /** What the model itself gives. */
  readonly dtype: string;
  /** Whether these are numbers that stand for real ones, or whole ones, such as the number of a class. */
  readonly real: boolean;
}

/** What images are fed as, before the model's own conversions. */
export function feedType({ input, channels }: Pick<ImageFeed, 'input' | 'channels'>): 'float32' | 'uint8' {
  // Grey levels are rounded to whole numbers, so that they are reckoned before normalisation.
  return FLOATS.includes(input.dtype) && channels !== 'grey' ? 'float32' : 'uint8';
}

/** Whether an image can be fed to an input of this type. */
export function isPixelType(dtype: string): boolean {
  return FLOATS.includes(dtype) || INTEGERS.includes(dtype);
}

/**
 * Puts conversions around a model, computed by the runtime with the rest:
 *
 * - in front, from float32 or uint8 RGB images to the model's own type and channels. Whole numbers get the pixel values
 *   0 to 255 (int8: less 128); blue, green, red is an exchange of channels; grey is Pillow's luma.
 * - behind, from every output of numbers to float32. Quantised outputs are dequantised, the probabilities that a
 *   `ZipMap` (scikit-learn) turns into maps are taken before it; what else is no tensor of numbers is left out.
 *
 * @throws UserError when the file's operator set is too old to add the conversion
 */
export function adaptModel(model: ModelProto, feed: ImageFeed, file: string): AdaptedModel {
  const { graph } = model;
  const emitter = new Emitter({ device: 'portable' });
  for (const name of namesIn(graph)) emitter.unique(name);
  emitter.scope = 'pushpull';

  const front = adaptInput(emitter, feed);
  const before = emitter.nodes.length;
  const { outputs, infos } = adaptOutputs(emitter, graph);
  const [inFront, behind] = [emitter.nodes.slice(0, before), emitter.nodes.slice(before)];
  const same = infos.length === graph.output.length && behind.length === 0;
  if (!front && same) return { model, input: feed.input.name, outputs };

  const opset = Number(model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 0);
  if (emitter.nodes.length > 0 && opset < LEAST_OPSET) {
    throw new UserError(
      `${file}: takes or gives other numbers than float32 and is of ONNX operator set ${opset}; ` +
        `convert it to operator set ${LEAST_OPSET} or later (onnx.version_converter)`,
    );
  }
  return {
    model: {
      ...model,
      graph: {
        ...graph,
        node: [...inFront, ...graph.node, ...behind],
        initializer: [...graph.initializer, ...emitter.initializers],
        input: graph.input.map((info) => (front && info.name === feed.input.name ? front : info)),
        output: infos,
      },
    },
    input: front?.name ?? feed.input.name,
    outputs,
  };
}

/** The new image input; undefined where the model's own will do. */
function adaptInput(emitter: Emitter, feed: ImageFeed): ValueInfoProto | undefined {
  const { input, layout, channels } = feed;
  const fed = feedType(feed);
  if (fed === input.dtype && channels === 'rgb') return undefined;
  const name = emitter.unique(`${input.name}/rgb`);
  const axis = layout === 'NCHW' ? 1 : 3;
  let pixels = name;
  if (channels === 'bgr') {
    pixels = emitter.emit('Gather', [pixels, emitter.ints([2, 1, 0])], { axis });
  } else if (channels === 'grey') {
    pixels = luma(emitter, pixels, layout);
    if (FLOATS.includes(input.dtype)) pixels = normalised(emitter, pixels, feed);
  }
  if (input.dtype === 'int8') {
    const floats = emitter.emit('Cast', [pixels], { to: ELEMENT_TYPE.float32 });
    pixels = emitter.emit('Sub', [floats, emitter.floats(128)]);
  }
  emitter.emit('Cast', [pixels], { to: INPUT_TYPES[input.dtype] });
  // What the model called its input is now what the last conversion makes.
  emitter.nodes.at(-1)!.output = [input.name];
  const shape = input.shape!.map((length, at) => (at === axis ? 3 : length));
  return valueInfo(name, fed, shape);
}

/** Whole grey levels, as float32. Sums stay below 2^24, so that float32 holds them exactly. */
function luma(emitter: Emitter, pixels: string, layout: 'NCHW' | 'NHWC'): string {
  const floats = emitter.emit('Cast', [pixels], { to: ELEMENT_TYPE.float32 });
  const weighted =
    layout === 'NCHW'
      ? emitter.emit('Conv', [floats, emitter.floats(LUMA, [1, 3, 1, 1])], {})
      : emitter.emit('MatMul', [floats, emitter.floats(LUMA, [3, 1])]);
  const half = emitter.emit('Add', [weighted, emitter.floats(32768)]);
  return emitter.emit('Floor', [emitter.emit('Mul', [half, emitter.floats(1 / 65536)])]);
}

/** (level / 255 - mean) / std in the order in which the loader reckons it. */
function normalised(emitter: Emitter, levels: string, { mean, std }: ImageFeed): string {
  const scaled = emitter.emit('Div', [levels, emitter.floats(255)]);
  const centred = emitter.emit('Sub', [scaled, emitter.floats(mean)]);
  return emitter.emit('Div', [centred, emitter.floats(std)]);
}

function adaptOutputs(emitter: Emitter, graph: GraphProto) {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const outputs = new Map<string, AdaptedOutput>();
  const infos: ValueInfoProto[] = [];
  for (const [at, port] of outputsOf(graph).entries()) {
    const producer = producers.get(port.name);
    const adapted = adaptOutput(emitter, port, producer);
    if (!adapted) continue;
    outputs.set(port.name, adapted);
    infos.push(
      adapted.name === port.name
        ? graph.output[at]
        : { name: adapted.name, type: { tensorType: { elemType: ELEMENT_TYPE.float32 } } },
    );
  }
  return { outputs, infos };
}

function adaptOutput(
  emitter: Emitter,
  { name, dtype }: Port,
  producer: NodeProto | undefined,
): AdaptedOutput | undefined {
  if (producer?.opType === 'ZipMap') return { name: producer.input[0], dtype: 'float32', real: true };
  if (producer?.opType === 'QuantizeLinear') {
    return { name: emitter.emit('DequantizeLinear', [name, ...producer.input.slice(1)]), dtype, real: true };
  }
  if (dtype === 'float32') return { name, dtype, real: true };
  if (!FLOATS.includes(dtype) && !INTEGERS.includes(dtype)) return undefined;
  const floats = emitter.emit('Cast', [name], { to: ELEMENT_TYPE.float32 });
  return { name: floats, dtype, real: FLOATS.includes(dtype) };
}
