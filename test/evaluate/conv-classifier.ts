import { writeFile } from 'node:fs/promises';
import { encodeModel } from '../../src/onnx/model.ts';
import { GraphBuilder } from '../onnx/image-models.ts';
import { generated } from '../support/generated.ts';

export interface ConvClassifierOptions {
  /** A batch length of its own; free by default. */
  readonly batch?: number;
  /** Of the convolution, 1 by default. */
  readonly stride?: number;
}

/**
 * An ONNX classifier of three classes of 32×32 images, which differ in colour. It looks at one place only, so that it
 * errs now and then where images are noisy: a convolution, whose output is called `response`, ReLU, linear.
 */
export async function writeConvClassifier(
  file: string,
  { batch, stride = 1 }: ConvClassifierOptions = {},
): Promise<void> {
  const builder = new GraphBuilder([batch ?? 'N', 3, 32, 32]);
  const kernels = generated('kernels', 4 * 27, 0, 0.2);
  for (let colour = 0; colour < 3; colour++) kernels[27 * colour + 9 * colour + 4] += 1;
  const weight = builder.floats('weight', [4, 3, 3, 3], kernels);
  builder.emit('Conv', ['image', weight, builder.floats('bias', [4])], { strides: [stride, stride] });
  builder.emitter.nodes.at(-1)!.output = ['response'];
  const place = builder.emit('Slice', [
    'response',
    builder.ints(4, 4),
    builder.ints(5, 5),
    builder.ints(2, 3),
  ]);
  const features = builder.emit('Flatten', [builder.emit('Relu', [place])]);
  const head = builder.floats('head', [4, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1, 0.1, -0.1, 0]);
  const logits = builder.emit('MatMul', [features, head]);
  await writeFile(file, encodeModel(builder.model([logits])));
}
