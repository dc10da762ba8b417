import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { float32, floats, int32, type Tensor } from '../../src/graph/tensor.ts';
import type { ModelConfig } from '../../src/models/config.ts';
import { createModel, type ImageModel } from '../../src/models/registry.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/tensor-files/safetensors.ts';
import { batchNormAfter } from '../../src/weights/batch-norm.ts';
import { translate } from '../../src/weights/dialects.ts';
import { fitWeights } from '../../src/weights/fit.ts';
import { loadWeights } from '../../src/weights/load.ts';
import { encodeWeights } from '../../src/weights/save.ts';
import { settleNetwork } from '../../src/weights/settle.ts';
import { openWeights } from '../../src/weights/source.ts';

/** Names of the tensors in other programs' networks, in their order (make_names.py). */
const NAMES = JSON.parse(
  readFileSync(fileURLToPath(new URL('../fixtures/train/names.json', import.meta.url)), 'utf8'),
) as Record<string, string[]>;

const PUSH_PULL = { kind: 'pushpull', avg: 3, alpha: 'trainable' } as const;
const CONV = { kind: 'conv' } as const;

function network(changes: Partial<ModelConfig> = {}, seed = 5): ImageModel {
  const config = { model: 'resnet18', form: 'cifar', width: 2, classes: 3, stem: CONV, ...changes } as const;
  return createModel(config, seed);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-weights-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(tensors: Iterable<readonly [string, Tensor]>, metadata: Record<string, string> = {}): string {
  const path = join(folder, 'weights.safetensors');
  writeFileSync(path, encodeSafetensors(new Map(tensors), metadata));
  return path;
}

const without = (tensors: Iterable<readonly [string, Tensor]>, ...names: string[]): Map<string, Tensor> =>
  new Map([...tensors].filter(([name]) => !names.includes(name)));

describe('names of another program', () => {
  it.each<[string, string, Partial<ModelConfig>]>([
    ['timm-resnet50', 'torchvision', { model: 'resnet50', stemBias: false }],
    ['timm-efficientnet_b0', 'timm', { model: 'efficientnet_b0' }],
    ['lukemelas-efficientnet_b0', 'lukemelas', { model: 'efficientnet_b0' }],
    ['reference-efficientnet_b0', 'lukemelas', { model: 'efficientnet_b0', stem: PUSH_PULL }],
    ['antialiased-resnet50', 'BlurConv1', { model: 'resnet50', antialias: 'blurconv1' }],
    ['antialiased-resnet18-pool_only', 'BlurConv1', { antialias: 'blurconv1' }],
    ['reference-resnet18', 'the reference', { stem: PUSH_PULL }],
    ['reference-resnet18-cifar-conv', 'the reference', {}],
    ['reference-resnet18-2020', 'the reference', { stem: { kind: 'pushpull2020', alpha: 'trainable' } }],
    ['reference-resnet18-blurconv1', 'BlurConv1', { antialias: 'blurconv1' }],
    [
      'reference-resnet50-blurconv2',
      'BlurConv2',
      { model: 'resnet50', antialias: 'blurconv2', stem: PUSH_PULL },
    ],
  ])('%s are told from others and become ours, one to one', (key, dialect, config) => {
    const { tensors, dialect: spoken, clashes } = translate(new Map(NAMES[key].map((name) => [name, name])));
    expect(spoken.name).toMatch(new RegExp(`^${dialect}`));
    expect(clashes.size).toBe(0);
    const own = [...network({ form: 'imagenet', width: 4, ...config }).parameters.keys()];
    expect([...tensors.keys()].sort()).toEqual(own.sort());
  });

  it.each([
    ['timm-efficientnet_b0', 'efficientnet_b0'],
    ['lukemelas-efficientnet_b0', 'efficientnet_b0'],
  ])('%s keep their order, which tells layers of one shape apart', (key, model) => {
    const { tensors } = translate(new Map(NAMES[key].map((name) => [name, name])));
    expect([...tensors.keys()]).toEqual([
      ...network({ model, form: 'imagenet', width: 4 }).parameters.keys(),
    ]);
  });

  it.each([
    ['timm-efficientnet_b0', 'blocks.0.0.conv_pw.weight', 'features.1.0.block.2.0.weight'],
    ['timm-efficientnet_b0', 'blocks.3.1.conv_pw.weight', 'features.4.1.block.0.0.weight'],
    ['timm-efficientnet_b0', 'blocks.3.1.se.conv_expand.bias', 'features.4.1.block.2.fc2.bias'],
    ['lukemelas-efficientnet_b0', '_blocks.0._bn2.running_var', 'features.1.0.block.2.1.running_var'],
    ['lukemelas-efficientnet_b0', '_blocks.15._bn0.weight', 'features.7.0.block.0.1.weight'],
    ['antialiased-resnet50', 'layer1.0.downsample.1.weight', 'layer1.0.downsample.1.weight'],
    ['antialiased-resnet50', 'layer2.0.downsample.1.weight', 'layer2.0.downsample.0.weight'],
    ['antialiased-resnet50', 'layer2.0.downsample.2.bias', 'layer2.0.downsample.1.bias'],
    ['reference-resnet50-blurconv2', 'layer2.0.downsample.2.bias', 'layer2.0.downsample.1.bias'],
    ['reference-resnet50-blurconv2', 'conv1.0.pull_inhibition_strength', 'conv1.alpha'],
    ['reference-resnet18', 'bn.running_mean', 'bn1.running_mean'],
    ['reference-resnet18', 'layer1.0.bn1.weight', 'layer1.0.bn1.weight'],
  ])('in %s, %s is %s', (key, theirs, ours) => {
    const { tensors } = translate(new Map(NAMES[key].map((name) => [name, name])));
    expect(tensors.get(ours)).toBe(theirs);
  });

  it('lose the prefixes of wrappers, and what is no weight', () => {
    const { tensors, ignored } = translate(
      new Map([
        ['module._orig_mod.model.fc.bias', 1],
        ['model.bn1.num_batches_tracked', 2],
        ['layer2.0.downsample.0.filt', 3],
      ]),
    );
    expect([...tensors]).toEqual([['fc.bias', 1]]);
    expect([...ignored.keys()]).toEqual(['bn1.num_batches_tracked', 'layer2.0.downsample.0.filt']);
  });
});

describe('weights of another origin', () => {
  it('come with the names of the reference implementation', async () => {
    const model = network({ stem: PUSH_PULL });
    const foreign = [...model.parameters].map(([name, tensor]) => {
      const theirs = name
        .replace(/^conv1\.weight$/, 'conv1.push_conv.weight')
        .replace(/^conv1\.alpha$/, 'conv1.pull_inhibition_strength')
        .replace(/^bn1\./, 'bn.')
        .replace(/^fc\./, 'classifier.');
      const shaped = name === 'conv1.alpha' ? { ...tensor, shape: [1, 2, 1, 1] } : tensor;
      return [`module.${theirs}`, shaped] as const;
    });
    const source = await openWeights(write([...foreign, ['module.bn.num_batches_tracked', int32([7], [])]]));
    const { weights, notes, stemAdapted } = loadWeights(source, model);
    expect(weights).toEqual(new Map(model.parameters));
    expect(notes).toEqual(['names of the reference implementation (bgswaroop/pushpull-conv)']);
    expect(stemAdapted).toBe(false);
  });

  it('with two tensors for one name are refused', async () => {
    const model = network();
    const path = write([...model.parameters, ['module.fc.bias', float32([1, 2, 3], [3])]]);
    await expect(openWeights(path)).rejects.toThrow(
      /several tensors for one name.*\n {2}fc\.bias: fc\.bias, module\.fc\.bias/,
    );
  });

  it('that do not fit are listed, every problem once, by layers', () => {
    const model = network();
    const gone = ['layer4.1.conv2.weight', 'layer4.1.bn2.weight', 'layer4.1.bn2.bias', 'bn1.bias'];
    const tensors = without(model.parameters, ...gone);
    tensors.set('fc2.bias', float32([1], [1]));
    tensors.set('fc.weight', float32(new Float32Array(12), [3, 4]));
    tensors.set('fc.bias', int32([1, 2, 3], [3]));
    const fit = () => fitWeights(tensors, model, { file: 'w.pth', names: 'torchvision' });
    expect(fit).toThrow(UserError);
    expect(fit).toThrow(
      [
        'w.pth (names of torchvision): 7 tensors are not those of resnet18 cifar, width 2, baseline, 3 classes.',
        "The file's network was changed: 97 of the network's 103 tensors are there, the others differ or are missing.",
        '  missing, 4:',
        '    bn1: bias [2]',
        '    layer4.1: conv2.weight [16, 16, 3, 3], bn2.{weight, bias} [16]',
        '  not in the network, 1:',
        '    fc2: bias [1]',
        '  of another shape, 1:',
        '    fc: weight [3, 4] where [3, 16] was expected',
        '  not floats, 1:',
        '    fc: bias int32',
      ].join('\n'),
    );
  });

  it.each<[string, Partial<ModelConfig>, Partial<ModelConfig>, RegExp]>([
    ['another depth', { model: 'resnet34' }, {}, /These are the tensors of resnet34: --model resnet34\.$/m],
    ['another form', { form: 'imagenet' }, {}, /kernels of 7×7: try --form imagenet\.$/m],
    ['another width', { width: 4 }, {}, /first stage is 4 wide: --width 4\.$/m],
    ['other classes', { classes: 5 }, {}, /classifier is for 5 classes: --classes 5\.$/m],
    ['strengths of inhibition', { stem: PUSH_PULL }, {}, /strengths that were trained: --stem pushpull/],
  ])('of %s: says what is probably meant', (_, theirs, ours, message) => {
    const tensors = network(theirs).parameters;
    expect(() => fitWeights(tensors, network(ours), { file: 'w', names: 'x' })).toThrow(message);
  });

  it('for grey images are refused, as networks here take colours', () => {
    const tensors = new Map(network().parameters).set(
      'conv1.weight',
      float32(new Float32Array(18), [2, 1, 3, 3]),
    );
    expect(() => fitWeights(tensors, network(), { file: 'w', names: 'x' })).toThrow(/images of 1 channel;/);
  });
});

describe('a plain convolution', () => {
  const plain = network({}, 9);

  it('becomes the push kernels, with strength 1 and no bias', () => {
    const model = network({ stem: PUSH_PULL });
    const file = without(plain.parameters, 'conv1.bias');
    const { weights, notes, stemAdapted } = fitWeights(file, model, { file: 'w', names: 'x' });
    expect(stemAdapted).toBe(true);
    expect(weights.get('conv1.weight')).toEqual(plain.parameters.get('conv1.weight'));
    expect(weights.get('conv1.alpha')).toEqual(float32([1, 1], [2]));
    expect(weights.get('conv1.bias')).toEqual(float32([0, 0], [2]));
    expect(notes).toEqual([
      'conv1: a plain convolution in the file; its kernels are the push kernels now',
      'conv1.alpha: the file has none; starts at 1 for every filter',
      'conv1.bias: the file has none; starts at 0, which changes nothing',
    ]);
  });

  it('keeps its bias where the push-pull layer has one, and has no alpha where that is fixed', () => {
    const model = network({ stem: { kind: 'pushpull', avg: 0, alpha: 1 } });
    const { weights, stemAdapted } = fitWeights(plain.parameters, model, { file: 'w', names: 'x' });
    expect(stemAdapted).toBe(true);
    expect(weights.get('conv1.bias')).toEqual(plain.parameters.get('conv1.bias'));
    expect(weights.has('conv1.alpha')).toBe(false);
  });

  it('gives its bias to the batch norm behind it where the network has none', () => {
    const model = network({ stemBias: false });
    const file = new Map(plain.parameters)
      .set('conv1.bias', float32([0.5, -2], [2]))
      .set('bn1.running_mean', float32([1, 1], [2]));
    const { weights, notes } = fitWeights(file, model, { file: 'w', names: 'x' });
    expect(weights.get('bn1.running_mean')).toEqual(float32([0.5, 3], [2]));
    expect(notes).toEqual([
      'conv1.bias: the network has none; taken into bn1.running_mean, which is the same',
    ]);
    expect(file.get('bn1.running_mean')).toEqual(float32([1, 1], [2]));
  });

  it('does not where the bias is inside a non-linearity', () => {
    const model = network({ stem: { kind: 'pushpull2020', alpha: 1 }, stemBias: false });
    expect(() => fitWeights(plain.parameters, model, { file: 'w', names: 'x' })).toThrow(
      /not in the network, 1:\n {4}conv1: bias \[2\]/,
    );
  });

  it('is followed by a batch norm in some networks', () => {
    expect(batchNormAfter(network().module, 'conv1')).toBe('bn1');
    expect(batchNormAfter(network({ antialias: 'blurconv2' }).module, 'conv1')).toBe('bn1');
    expect(batchNormAfter(network({ model: 'efficientnet_b0', width: 4 }).module, 'features.0.0')).toBe(
      'features.0.1',
    );
    const alexnet = network({ model: 'alexnet', form: 'imagenet' });
    expect(batchNormAfter(alexnet.module, 'features.0')).toBeUndefined();
  });
});

describe('a classifier', () => {
  it('is started anew on demand, from the seed of the run', () => {
    const [file, model] = [network({ classes: 5 }, 9), network({ classes: 3 }, 5)];
    const { weights, notes } = fitWeights(file.parameters, model, {
      file: 'w',
      names: 'x',
      newClassifier: true,
    });
    expect(weights.get('fc.weight')).toEqual(model.parameters.get('fc.weight'));
    expect(weights.get('conv1.weight')).toEqual(file.parameters.get('conv1.weight'));
    expect(notes).toEqual(["fc: started anew for 3 classes (the file's is for 5)"]);
  });

  it('of other classes is refused otherwise, with the option', () => {
    const [file, model] = [network({ classes: 5 }), network({ classes: 3 })];
    const options = { file: 'w', names: 'x', newClassifier: false };
    expect(() => fitWeights(file.parameters, model, options)).toThrow(
      /is for 5 classes: --new-classifier starts another\.$/m,
    );
  });
});

describe('the network of a file', () => {
  it('is found by its tensors as far as they tell', async () => {
    const model = network({ form: 'imagenet', width: 4, classes: 7 });
    const source = await openWeights(write(without(model.parameters, 'conv1.bias')));
    const { config } = settleNetwork(source, { model: 'resnet18' });
    expect(config).toEqual({ ...model.config, antialias: 'none', stemBias: false });
    expect(settleNetwork(source, { model: 'resnet18', stem: PUSH_PULL }).config.stemBias).toBeUndefined();
  });

  it.each(['resnet18', 'resnet34', 'resnet50', 'efficientnet_b0', 'alexnet'])(
    'is known by its names: %s',
    async (name) => {
      const model = network({ model: name, form: 'imagenet', width: 4, stem: { kind: 'conv' } });
      const source = await openWeights(write(model.parameters));
      expect(settleNetwork(source, {}).config.model).toBe(name);
      const other = name === 'alexnet' ? 'resnet18' : 'alexnet';
      expect(() => settleNetwork(source, { model: other })).toThrow(
        new RegExp(
          `^--model ${other}: expected weights of that network, but .* has neither .* nor .*; by its names it is ${name}$`,
        ),
      );
    },
  );

  it('is asked for where its names are of none', async () => {
    const source = await openWeights(write([['head.weight', float32([1, 2], [2])]]));
    expect(() => settleNetwork(source, {})).toThrow(/^--model: say which network/);
    expect(() => settleNetwork(source, { model: 'resnet18' })).toThrow(
      /has neither 'conv1\.weight' nor 'fc\.weight'$/,
    );
  });

  it('has the batch norms with which it was published', async () => {
    const model = network({ model: 'efficientnet_b0', form: 'imagenet', width: 4 });
    const source = await openWeights(write(model.parameters));
    const asked = { model: 'efficientnet_b0' };
    const { config, notes } = settleNetwork(source, asked);
    expect(config.batchNorm).toEqual({ eps: 1e-5, momentum: 0.1 });
    expect(notes).toEqual([
      'batch norms have eps 0.00001 and momentum 0.1, as efficientnet_b0 of torchvision',
    ]);
    expect(settleNetwork(source, { ...asked, batchNorm: { eps: 0.5 } })).toMatchObject({
      config: { batchNorm: { eps: 0.5, momentum: 0.1 } },
      notes: [],
    });
    expect(settleNetwork(source, { ...asked, batchNorm: { momentum: 0.5 } }).config.batchNorm).toEqual({
      eps: 1e-5,
      momentum: 0.5,
    });
    const plain = await openWeights(write(network().parameters));
    expect(settleNetwork(plain, { model: 'resnet18' }).config.batchNorm).toBeUndefined();
  });

  it('must have the blurs of the file', async () => {
    const key = 'reference-resnet18-blurconv1';
    const model = network({ form: 'imagenet', antialias: 'blurconv1' });
    const file = (filter: number, rename = (name: string): string => name) =>
      openWeights(
        write(
          NAMES[key].map((name) => {
            const { tensors } = translate(new Map([...NAMES[key]].map((other) => [other, other])));
            const own = [...tensors].find(([, theirs]) => theirs === name)?.[0];
            const blur = float32(new Float32Array(2 * filter * filter), [2, 1, filter, filter]);
            return [rename(name), own === undefined ? blur : model.parameters.get(own)!] as const;
          }),
        ),
      );
    expect(loadWeights(await file(4), model).notes).toEqual([
      'names of BlurConv1 networks (antialiased-cnns, and the reference implementation)',
    ]);
    expect(settleNetwork(await file(4), { model: 'resnet18' }).config).toEqual(model.config);
    const plain = network({ form: 'imagenet' });
    const good = await file(4);
    expect(() => loadWeights(good, plain)).toThrow(
      /with --antialias none, found one of BlurConv1.*--antialias blurconv1\./,
    );
    const other = await file(3);
    expect(() => loadWeights(other, model)).toThrow(
      /expected blurs of 4 places, found 3 \('maxpool\.0\.filt'\)/,
    );
    const pooled = await file(4, (name) =>
      name.replace('maxpool.0', 'other').replace('maxpool.2', 'maxpool.1'),
    );
    expect(() => loadWeights(pooled, model)).toThrow(/first convolution has stride 2 \(pool_only\)/);
  });
});

describe('weights that are written', () => {
  const model = network({}, 3);
  const weights = new Map(model.parameters).set('conv1.bias', float32([0.25, -1], [2]));
  const card = {
    schema: 'pushpull.model/1',
    model: { ...model.config, name: 'resnet18', variant: 'baseline', parameters: model.parameterCount },
    classes: ['a', 'b', 'c'],
    preprocessing: {
      width: 32,
      height: 32,
      layout: 'NCHW',
      dtype: 'float32',
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.2],
      resize: null,
    },
    training: { seed: 3 },
  } as const;

  it("have torchvision's tensors: the bias that it has not is in the batch norm", () => {
    const { bytes, notes } = encodeWeights(model, weights, card);
    const { tensors } = decodeSafetensors(bytes, 'x');
    expect([...tensors.keys()].sort()).toEqual([...without(weights, 'conv1.bias').keys()].sort());
    expect(tensors.get('bn1.running_mean')).toEqual(float32([-0.25, 1], [2]));
    expect(notes).toEqual(["conv1.bias is taken into bn1.running_mean, as torchvision's network has none"]);
  });

  it('say what network they are of', async () => {
    const path = join(folder, 'own.safetensors');
    writeFileSync(path, encodeWeights(model, weights, card).bytes);
    const source = await openWeights(path);
    expect(source.card).toMatchObject({ classes: ['a', 'b', 'c'], training: { seed: 3 } });
    const { config, notes } = settleNetwork(source, {});
    expect(config).toEqual({ ...model.config, stemBias: false, antialias: 'none' });
    expect(notes).toEqual([]);
    const again = createModel(config, 0);
    const fitted = loadWeights(source, again);
    expect(fitted.stemAdapted).toBe(false);
    expect(floats(fitted.weights.get('bn1.running_mean')!)).toEqual(Float32Array.of(-0.25, 1));
  });

  it('of a push-pull layer with other settings count as adapted', async () => {
    const own = network({ stem: PUSH_PULL });
    const path = join(folder, 'own.safetensors');
    writeFileSync(
      path,
      encodeWeights(own, own.parameters, { ...card, model: { ...card.model, ...own.config } }).bytes,
    );
    const source = await openWeights(path);
    expect(loadWeights(source, own).stemAdapted).toBe(false);
    expect(loadWeights(source, network({ stem: { ...PUSH_PULL, avg: 5 } }))).toMatchObject({
      stemAdapted: true,
      notes: ['names of torchvision', expect.stringContaining('a push-pull layer with other settings')],
    });
  });

  it('with metadata that is wrong are refused', async () => {
    const path = write(model.parameters, {
      pushpull: JSON.stringify({ ...card, model: { ...card.model, width: -1 } }),
    });
    await expect(openWeights(path)).rejects.toThrow(
      /the entry 'model\.width' of its "pushpull" metadata is wrong/,
    );
  });
});
