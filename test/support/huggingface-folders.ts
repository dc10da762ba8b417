/** Two small networks as `pushpull export --to huggingface` writes them: the same on every machine. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floats, type Tensor } from '../../src/graph/tensor.ts';
import { CARD_SCHEMA, type ModelCard } from '../../src/models/card.ts';
import { createModel } from '../../src/models/registry.ts';
import { encodeWeights } from '../../src/weights/save.ts';
import { inProcess } from '../cli/command.ts';

const config = {
  model: 'resnet18',
  form: 'cifar',
  width: 4,
  classes: 3,
  stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
} as const;

/** `small` takes pictures of 32×32 as they are, `photo` brings the short side to 36 and takes the middle. */
export const HUGGING_FACE_CARDS: Readonly<Record<'small' | 'photo', ModelCard>> = {
  small: card(null),
  photo: card(36),
};

function card(resize: number | null): ModelCard {
  return {
    schema: CARD_SCHEMA,
    model: { ...config, name: 'resnet18', variant: 'push-pull avg3', parameters: 1 },
    classes: ['blue', 'green', 'red'],
    preprocessing: {
      ...{ width: 32, height: 32, layout: 'NCHW', dtype: 'float32', resize },
      ...{ mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] },
    },
  };
}

/** Writes `NAME.safetensors` and the folder NAME of each network into `folder`. */
export async function writeHuggingFaceFolders(folder: string): Promise<void> {
  for (const [name, card] of Object.entries(HUGGING_FACE_CARDS)) {
    const model = createModel(config, 3);
    const weights = new Map<string, Tensor>(model.parameters);
    // A first network is sure of nothing: its answers would hide what differs.
    const classifier = weights.get('fc.weight') as Tensor;
    weights.set('fc.weight', { ...classifier, data: floats(classifier).map((value) => 4 * value) } as Tensor);
    const file = join(folder, `${name}.safetensors`);
    await writeFile(file, encodeWeights(model, weights, card).bytes);
    await inProcess('export', '--weights', file, '--to', 'huggingface', '--out', join(folder, name));
  }
}
