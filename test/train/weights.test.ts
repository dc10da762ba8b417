import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, int32, type Tensor } from '../../src/graph/tensor.ts';
import { createModel } from '../../src/models/registry.ts';
import { encodeSafetensors } from '../../src/train/safetensors.ts';
import { canonicalName, readWeights } from '../../src/train/weights.ts';

const model = createModel(
  {
    model: 'resnet18',
    form: 'cifar',
    width: 2,
    classes: 3,
    stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  },
  5,
);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-weights-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(tensors: Iterable<readonly [string, Tensor]>): string {
  const path = join(folder, 'weights.safetensors');
  writeFileSync(path, encodeSafetensors(new Map(tensors)));
  return path;
}

describe('weights of another origin', () => {
  it('come with the names of the reference implementation', async () => {
    const foreign = [...model.parameters].map(([name, tensor]) => {
      const theirs = name
        .replace(/^conv1\.weight$/, 'conv1.push_conv.weight')
        .replace(/^conv1\.alpha$/, 'conv1.pull_inhibition_strength')
        .replace(/^bn1\./, 'bn.')
        .replace(/^fc\./, 'classifier.');
      const shaped = name === 'conv1.alpha' ? { ...tensor, shape: [1, 2, 1, 1] } : tensor;
      return [`module.${theirs}`, shaped] as const;
    });
    const path = write([...foreign, ['module.bn.num_batches_tracked', int32([7], [])]]);
    expect(await readWeights(path, model.parameters)).toEqual(new Map(model.parameters));
  });

  it('keep their own names inside blocks', () => {
    expect(canonicalName('layer1.0.bn1.weight')).toBe('layer1.0.bn1.weight');
    expect(canonicalName('layer1.0.conv1.weight')).toBe('layer1.0.conv1.weight');
    expect(canonicalName('conv1.bias')).toBe('conv1.bias');
  });

  it.each([
    [
      'a missing tensor',
      (all: Map<string, Tensor>) => all.delete('fc.bias'),
      /the tensor 'fc\.bias' is missing\. It belongs to another network: check --model/,
    ],
    [
      'a tensor too many',
      (all: Map<string, Tensor>) => all.set('fc2.bias', float32([1], [1])),
      /the network has no tensor 'fc2\.bias'/,
    ],
    [
      'another width',
      (all: Map<string, Tensor>) => all.set('fc.weight', float32(new Float32Array(12), [3, 4])),
      /expected 'fc\.weight' with shape \[3, 16\], found \[3, 4\]/,
    ],
    [
      'whole numbers',
      (all: Map<string, Tensor>) => all.set('fc.bias', int32([1, 2, 3], [3])),
      /expected 'fc\.bias' to hold floats, found int32/,
    ],
    [
      'two spellings of one',
      (all: Map<string, Tensor>) => all.set('classifier.bias', float32([1, 2, 3], [3])),
      /two tensors for 'fc\.bias'/,
    ],
  ])('with %s are refused', async (_, change, message) => {
    const all = new Map(model.parameters);
    change(all);
    const path = write(all);
    await expect(readWeights(path, model.parameters)).rejects.toThrow(message);
    await expect(readWeights(path, model.parameters)).rejects.toThrow(path);
  });
});
