/** Weights with other programs' names, wrapped in modules, with copies and other things beside them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  PersistentId,
  PickleGlobal,
  PickleObject,
  type PickleValue,
} from '../../src/data/pickle/pickle-values.ts';
import type { OnnxEngine } from '../../src/engine/engine.ts';
import { createEngine } from '../../src/engine/node/index.ts';
import { UserError } from '../../src/errors.ts';
import { float32, int32, type Tensor } from '../../src/graph/tensor.ts';
import { inferenceGraph } from '../../src/models/export.ts';
import { createModel } from '../../src/models/registry.ts';
import { findStateDicts } from '../../src/tensor-files/pytorch/state-dict.ts';
import { encodeSafetensors } from '../../src/tensor-files/safetensors.ts';
import { loadWeights } from '../../src/weights/load.ts';
import { settleNetwork } from '../../src/weights/settle.ts';
import { openWeights } from '../../src/weights/source.ts';

const LIBRARIES = fileURLToPath(new URL('../fixtures/train/libraries/', import.meta.url));
const ANSWERS = JSON.parse(readFileSync(join(LIBRARIES, 'answers.json'), 'utf8')) as Record<string, number[]>;
const PREPROCESSING = {
  ...{ width: 32, height: 32, layout: 'NCHW', dtype: 'float32', resize: null },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
} as const;

let folder: string;
let engine: OnnxEngine;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-wrapped-'));
  engine = await createEngine({ device: 'cpu', threads: 1 });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const plain = createModel(
  { model: 'resnet18', form: 'cifar', width: 2, classes: 3, stem: { kind: 'conv' }, stemBias: false },
  5,
);
const others = createModel(plain.config, 6);

function write(tensors: Iterable<readonly [string, Tensor]>): string {
  const path = join(folder, 'weights.safetensors');
  writeFileSync(path, encodeSafetensors(new Map(tensors)));
  return path;
}

const under = (prefix: string, tensors: Iterable<readonly [string, Tensor]> = plain.parameters) =>
  [...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor] as const);
const scalar = int32([7], []);

/** The tensors of the plain network come out, whatever stands around them; and what is told. */
async function notesOf(tensors: Iterable<readonly [string, Tensor]>): Promise<readonly string[]> {
  const source = await openWeights(write(tensors));
  const { config } = settleNetwork(source, {});
  expect(config).toMatchObject({ model: 'resnet18', form: 'cifar', width: 2, classes: 3 });
  const { weights, notes } = loadWeights(source, createModel(config, 0));
  for (const [name, { data }] of plain.parameters) expect(weights.get(name)?.data, name).toEqual(data);
  return notes;
}

describe('networks of other libraries', () => {
  it.each(Object.keys(ANSWERS))('%s answer here as there', async (name) => {
    const source = await openWeights(join(LIBRARIES, `${name}.safetensors`));
    const { config } = settleNetwork(source, {});
    expect(config).toMatchObject({
      model: /resnet\d+/.exec(name)![0],
      form: name.endsWith('cifar') ? 'cifar' : 'imagenet',
      width: 2,
      classes: 3,
    });
    const model = createModel(config, 0);
    const { weights, notes } = loadWeights(source, model);
    expect(notes[0]).toMatch(
      /^names of (HuggingFace's transformers|OpenMMLab \(mmpretrain\)|kuangliu\/pytorch-cifar)$/,
    );
    const session = await engine.loadNetwork(inferenceGraph(model, weights, PREPROCESSING), { name });
    const data = Float32Array.from({ length: 3072 }, (_, i) => Math.sin(i));
    const { logits } = await session.run({ images: { dtype: 'float32', shape: [1, 3, 32, 32], data } });
    const largest = Math.max(...ANSWERS[name].map(Math.abs));
    for (const [at, value] of ANSWERS[name].entries()) {
      expect(Math.abs(Number(logits.data[at]) - value), `logit ${at}`).toBeLessThan(1e-5 * largest);
    }
    await session.dispose();
  });
});

describe('a wrapper around a network', () => {
  it.each([
    'resnet.',
    'attacker.model.',
    'module.',
    '_orig_mod.',
    'model._orig_mod.',
    'learner.net_0.encoder.',
    'timm_model.',
    'state.student.backbone.',
  ])('%s is taken off', async (prefix) => {
    expect(await notesOf(under(prefix))).toEqual(['names of torchvision']);
  });

  it('around parts of it is taken off as well', async () => {
    const parts = [...plain.parameters].map(
      ([name, tensor]) =>
        [name.replace(/^(layer\d)\./, '$1.module.').replace('bn1.', 'bn1._orig_mod.'), tensor] as const,
    );
    expect(await notesOf(parts)).toEqual(['names of torchvision']);
  });

  it('may leave the classifier outside', async () => {
    const parts = [...plain.parameters].map(
      ([name, tensor]) => [name.startsWith('fc.') ? name : `encoder.${name}`, tensor] as const,
    );
    expect(await notesOf(parts)).toEqual(['names of torchvision']);
  });
});

describe('tensors beside a network', () => {
  const criterion = ['criterion.weight', float32(new Float32Array(10), [10])] as const;

  it.each(['model.', 'resnet.', ''])('are named and left out: behind "%s"', async (prefix) => {
    const notes = await notesOf([
      ...under(prefix),
      criterion,
      ['val_acc.total', scalar],
      ['n_averaged', scalar],
      ['train_metrics.confmat', float32([1, 2, 3, 4], [2, 2])],
    ]);
    expect(notes.slice(1)).toEqual([
      'left out 4 tensors beside the network: criterion.weight [10], n_averaged [], train_metrics.confmat [2, 2], val_acc.total []',
    ]);
  });

  it('that normalise images are told with their values', async () => {
    const notes = await notesOf([
      ...under('attacker.model.'),
      ['attacker.normalize.new_mean', float32([0.5, 0.25, 0.125], [3, 1, 1])],
      ['attacker.normalize.new_std', float32([1, 2, 3], [3, 1, 1])],
    ]);
    expect(notes.slice(2)).toEqual([
      'attacker.normalize.new_mean says how images were normalised: --mean 0.5,0.25,0.125',
      'attacker.normalize.new_std says how images were normalised: --std 1,2,3',
    ]);
  });

  it.each([
    ['model.', 'ema_model.'],
    ['model.', 'model_ema.module.'],
    ['', 'ema.'],
    ['student.', 'teacher.'],
    ['module.encoder_q.', 'module.encoder_k.'],
    ['', 'model.'],
  ])('that are an average: "%s" is taken, not "%s", which is told', async (own, copy) => {
    for (const tensors of [
      [...under(own), ...under(copy, others.parameters)],
      [...under(copy, others.parameters), ...under(own)],
    ]) {
      const notes = await notesOf(tensors);
      expect(notes[1]).toBe(
        `took ${own === '' ? 'the tensors without a prefix' : `'${own}'`}; the file also has the network as '${copy}', with other values: save that alone to take it`,
      );
    }
  });

  it('that are the same again are told as that', async () => {
    const notes = await notesOf([...under('module.model.'), ...under('module.attacker.model.')]);
    expect(notes.slice(1)).toEqual([
      "took 'module.model.'; the file also has the network as 'module.attacker.model.', with the same values",
    ]);
  });
});

describe('a file that does not fit', () => {
  const failure = async (tensors: Iterable<readonly [string, Tensor]>): Promise<string> => {
    const source = await openWeights(write(tensors));
    try {
      loadWeights(source, plain);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return (error as Error).message;
    }
    throw new Error('it was taken');
  };

  it('for want of tensors is not whole, and they are named', async () => {
    const message = await failure(
      [...under('model.')].filter(([name]) => !name.startsWith('model.layer4.1.bn2.')),
    );
    expect(message).toMatch(/The file is not whole: \d+ of the network's \d+ tensors are there\./);
    expect(message).toMatch(
      /missing, 4:\n {4}layer4\.1: bn2\.\{weight, bias, running_mean, running_var\} \[16\]/,
    );
    expect(message).not.toMatch(/another network/);
  });

  it('for more layers computes something else', async () => {
    const message = await failure([
      ...plain.parameters,
      ['layer1.0.se.fc.weight', float32([1, 2, 3, 4], [2, 2])],
    ]);
    expect(message).toMatch(/All of the network's tensors are there, but the file's network has more layers/);
    expect(message).toMatch(/layer1\.0: se\.fc\.weight \[2, 2\]/);
  });

  it('as it is of another network, says so', async () => {
    const message = await failure([['stages.0.gamma', float32([1, 2], [2])]]);
    expect(message).toMatch(/It belongs to another network/);
  });

  it.each(['fc.weight', 'conv1.weight'])('as its %s is empty, is refused in one line', async (name) => {
    const shape = plain.parameters.get(name)!.shape.with(0, 0);
    const source = await openWeights(write(new Map(plain.parameters).set(name, float32([], shape))));
    expect(() => settleNetwork(source, {})).toThrow(UserError);
    expect(() => settleNetwork(source, {})).toThrow(
      new RegExp(`: expected weights in '${name}', found none \\(its shape is \\[0, [^\\n]*$`),
    );
  });
});

describe('the folder of a model of HuggingFace', () => {
  it('is the file of its weights', async () => {
    const own = join(folder, 'resnet');
    mkdirSync(own);
    writeFileSync(join(own, 'config.json'), '{"model_type": "resnet"}');
    await expect(openWeights(own)).rejects.toThrow(/expected a file of weights, .*found none of these in it/);
    writeFileSync(join(own, 'model.safetensors'), encodeSafetensors(plain.parameters));
    expect((await openWeights(own)).file).toBe(join(own, 'model.safetensors'));
  });
});

describe('dictionaries in dictionaries', () => {
  const tensor = (key: string): PickleValue => {
    const storage = new PersistentId(['storage', new PickleGlobal('torch.FloatStorage'), key, 'cpu', 1]);
    return new PickleObject(new PickleGlobal('torch._utils._rebuild_tensor_v2'), [storage, 0, [1], [1]]);
  };
  const dict = (count: number): Map<PickleValue, PickleValue> =>
    new Map(Array.from({ length: count }, (_, i) => [`t${i}`, tensor(String(i))]));

  it.each<[string, [string, PickleValue][], string[]]>([
    [
      'under any key',
      [
        ['my_weights', dict(9)],
        ['epoch', 3],
      ],
      ['my_weights'],
    ],
    [
      'beside a small loss under another key',
      [
        ['center_head', dict(1)],
        ['my_weights', dict(9)],
      ],
      ['my_weights', 'center_head'],
    ],
    [
      'beside an average that comes first',
      [
        ['params_ema', dict(9)],
        ['whatever', dict(9)],
      ],
      ['whatever', 'params_ema'],
    ],
    ['two deep', [['trainer', new Map([['net', dict(9)]])]], ['trainer.net']],
  ])('%s', (_, entries, paths) => {
    expect(findStateDicts(new Map(entries)).map(({ path }) => path.join('.'))).toEqual(paths);
  });
});
