/** A newcomer's machine, small: what README's and the guide's commands find when they are typed one after another. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { exportModel } from '../../src/models/export.ts';
import { createModel } from '../../src/models/registry.ts';
import { decodeModel, encodeModel } from '../../src/onnx/model.ts';
import { randomStream } from '../../src/random/random.ts';
import { encodeSafetensors } from '../../src/tensor-files/safetensors.ts';
import { cifar10Files, writeFolder, writeTar } from '../data/archives.ts';
import { cifar10CFiles, imagenetCFiles } from '../data/corrupted-sets.ts';

const CLASSES = ['bull frog', 'cat', 'dog (large)'];
const WORDNET = ['n01440764', 'n01443537'];

/** A noisy photo of one of three colours. */
async function photo(file: string, width: number, height: number, label: number): Promise<void> {
  const random = randomStream('photo', file.slice(-20), width, height);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    Math.max(0, Math.min(255, (i % 3 === label % 3 ? 170 : 80) + 40 * random.normal())),
  );
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(file);
}

async function photos(
  folder: string,
  classes: readonly string[],
  split: string,
  count: number,
): Promise<void> {
  for (const [label, name] of classes.entries()) {
    await mkdir(join(folder, split, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      // Phones turn their pictures, and cut some out.
      const [width, height] = [44 + 9 * i, 60 - 5 * label];
      const file = join(folder, split, name, `IMG ${i} (${name}).${i % 2 ? 'png' : 'jpg'}`);
      await (i === 1 ? photo(file, height, width, label) : photo(file, width, height, label));
    }
  }
}

/**
 * A home folder with pictures and published sets, and beside it `work` with models and runs.
 *
 * @returns where commands are typed
 */
export async function makeWorld(home: string): Promise<string> {
  const work = join(home, 'work');
  await mkdir(work, { recursive: true });
  await photos(join(home, 'pictures'), CLASSES, 'train', 4);
  await photos(join(home, 'pictures'), CLASSES, 'test', 2);
  await photos(join(home, 'imagenet'), WORDNET, 'train', 3);
  await photos(join(home, 'imagenet'), WORDNET, 'val', 2);
  await photo(join(work, 'photo.jpg'), 70, 50, 1);
  await mkdir(join(home, 'cache'), { recursive: true });
  await writeTar(join(home, 'cache', 'cifar-10-binary.tar.gz'), cifar10Files(8));
  await writeTar(join(work, 'CIFAR-10-C.tar'), cifar10CFiles(['fog'], [3, 0, 9, 3, 1], 'CIFAR-10-C/'));
  await writeFolder(join(home, 'imagenet-c'), await imagenetCFiles(['fog'], WORDNET, 2));
  await writeFile(join(work, 'classes.txt'), `${CLASSES.join('\n')}\n`);

  for (const [seed, name] of ['model.onnx', 'other.onnx', 'caffe.onnx'].entries()) {
    await writeFile(join(work, name), plainOnnx(seed));
  }
  for (const [file, model] of [
    ['resnet50.pth', 'resnet50'],
    ['efficientnet_b0.safetensors', 'efficientnet_b0'],
  ] as const) {
    const { parameters } = createModel(
      {
        model,
        form: 'imagenet',
        width: 4,
        classes: 5,
        stem: { kind: 'conv' },
        ...(model === 'resnet50' && { stemBias: false }),
      },
      0,
    );
    await writeFile(join(work, file), encodeSafetensors(new Map(parameters), {}));
  }
  return work;
}

/** A network from elsewhere: it says nothing of its classes and images. */
function plainOnnx(seed: number): Uint8Array {
  const config = { model: 'resnet18', form: 'cifar', width: 2, classes: 3, stem: { kind: 'conv' } } as const;
  const model = createModel(config, seed);
  const bytes = exportModel(model, model.parameters, {
    schema: 'pushpull.model/1',
    model: { ...config, name: 'resnet18', variant: 'baseline', parameters: model.parameterCount },
    classes: [],
    preprocessing: {
      width: 32,
      height: 32,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      resize: null,
    },
  });
  return encodeModel({ ...decodeModel(bytes, 'model.onnx'), metadataProps: [] });
}
