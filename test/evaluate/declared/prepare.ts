import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createPipeline } from '../../../src/data/loader/pipeline.ts';
import { declaredPreprocessing } from '../../../src/evaluate/model/declared-preprocessing.ts';
import {
  type ImagePort,
  imageTransforms,
  type PreprocessingFlags,
  resolvePreprocessing,
} from '../../../src/evaluate/model/preprocessing.ts';
import type { Image } from '../../../src/image/image.ts';
import type { Preprocessing } from '../../../src/models/card.ts';

/** A model's input, of any size where none is told. */
export function port(height: number | string = 'h', width: number | string = 'w', channels = 3): ImagePort {
  return { name: 'pixels', dtype: 'float32', shape: ['n', channels, height, width] } as ImagePort;
}

/** What is declared by the files of a folder, a value each. */
export async function declaredBy(
  files: Readonly<Record<string, unknown>>,
  metadata: readonly { readonly key: string; readonly value: string }[] = [],
) {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushpull-declared-'));
  try {
    for (const [name, value] of Object.entries(files)) {
      await writeFile(path.join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
    }
    const declared = await declaredPreprocessing(path.join(folder, 'model.onnx'), metadata);
    const local = (text: string) => text.replaceAll(`${folder}${path.sep}`, '');
    return (
      declared && {
        ...declared,
        source: local(declared.source),
        gaps: declared.gaps.map((gap) => ({ ...gap, says: local(gap.says) })),
      }
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How a model of an input is fed with such files beside it. */
export async function resolvedBy(
  files: Readonly<Record<string, unknown>>,
  flags: PreprocessingFlags = {},
  input = port(),
): Promise<Preprocessing> {
  const declared = await declaredBy(files);
  return resolvePreprocessing(input, { file: 'model.onnx', declared, flags });
}

/** What a network is fed of an image, `[3, H, W]`, in the order of its own channels. */
export async function prepared(image: Image, preprocessing: Preprocessing): Promise<Float32Array> {
  const pipeline = await createPipeline(imageTransforms(preprocessing));
  const key = { seed: 0, epoch: 0, index: 0 };
  const ready = pipeline.apply(image, key);
  const out = new Float32Array(ready.data.length);
  pipeline.write(ready, out, key);
  if (preprocessing.channels !== 'bgr') return out;
  // The model itself is given an exchange of channels.
  const plane = out.length / 3;
  const [red, green, blue] = [0, 1, 2].map((channel) => out.slice(channel * plane, (channel + 1) * plane));
  return Float32Array.from([...blue, ...green, ...red]);
}
