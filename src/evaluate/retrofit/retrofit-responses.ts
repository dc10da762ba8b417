/** Fitting the new layer's responses to those of the convolution that it replaces. */
import type { Batch } from '../../data/loader/loader.ts';
import type { OnnxEngine } from '../../engine/engine.ts';
import type { Preprocessing } from '../../models/card.ts';
import { adaptModel } from '../../onnx/adapt.ts';
import type { FirstConvolution } from '../../onnx/first-convolution.ts';
import { encodeModel, type ModelProto } from '../../onnx/model.ts';
import { RESPONSES, type RetrofitOptions, responseModel } from '../../onnx/retrofit.ts';
import { Feeder } from '../model/feeder.ts';
import { imageFeed } from '../model/model.ts';
import { imageInput } from '../model/preprocessing.ts';
import { loadFile } from '../model/session.ts';
import { ChannelMoments, type Matching, matchMoments } from './response-statistics.ts';

/** Responses of a batch are kept below so many values, 64 MB of each layer. */
const RESPONSE_VALUES = 2 ** 24;

export interface Responses {
  readonly proto: ModelProto;
  readonly convolution: FirstConvolution;
  readonly preprocessing: Preprocessing;
  readonly file: string;
}

/** Runs the convolution and the unit that takes its place side by side, and matches the unit's responses to it. */
export async function estimateResponses(
  engine: OnnxEngine,
  { proto, convolution, preprocessing, file }: Responses,
  { avg, alpha }: Pick<RetrofitOptions, 'avg' | 'alpha'>,
  images: { open(largestBatch: number): AsyncIterable<Batch>; onBatch(count: number): void },
): Promise<Matching> {
  const { weight, stride } = convolution;
  const responses = responseModel(proto, { avg, alpha }, file);
  const adapted = adaptModel(responses, imageFeed(imageInput(responses, file), preprocessing), file);
  const { session } = await loadFile(engine, encodeModel(adapted.model), file);
  try {
    const input = session.inputs.find(({ name }) => name === adapted.input)!;
    const feeder = new Feeder(session, input, preprocessing);
    const [wanted, found] = [new ChannelMoments(weight.dims[0]), new ChannelMoments(weight.dims[0])];
    const positions =
      Math.ceil(preprocessing.height / stride[0]) * Math.ceil(preprocessing.width / stride[1]);
    const largest = Math.max(1, Math.floor(RESPONSE_VALUES / (weight.dims[0] * positions)));
    for await (const batch of images.open(largest)) {
      // Nothing is left of a batch whose images are all skipped.
      if (batch.count === 0) continue;
      for await (const { outputs, count } of feeder.run(batch, Object.values(RESPONSES))) {
        for (const [moments, name] of [
          [wanted, RESPONSES.convolution],
          [found, RESPONSES.unit],
        ] as const) {
          const { data, shape } = outputs[name];
          moments.add(data as Float32Array, count, shape[2] * shape[3]);
        }
        images.onBatch(count);
      }
    }
    return matchMoments(found, wanted);
  } finally {
    await session.dispose();
  }
}
