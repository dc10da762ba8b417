import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { floats, type Tensor } from '../../src/graph/tensor.ts';
import { readModelCard } from '../../src/models/card.ts';
import { createModel } from '../../src/models/registry.ts';
import { loadCheckpoint } from '../../src/run/checkpoint.ts';
import { openRun, runPaths } from '../../src/run/run.ts';
import { encodeSafetensors, readSafetensors } from '../../src/tensor-files/safetensors.ts';
import { inProcess, pushpull, writePictures } from './command.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/train/pytorch/${name}`, import.meta.url));

let folder: string;
let pictures: string;
const at = (name: string): string => join(folder, name);
const MACHINE = ['--threads', '1', '--workers', '1'];
const RECIPE = ['--epochs', '1', '--batch', '8', '--seed', '4', '--max-lr', '0.01', ...MACHINE];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-cli-weights-'));
  pictures = at('pictures');
  await writePictures(pictures, { train: 8, test: 3 });
  await inProcess('train', '--data', pictures, '--width', '2', ...RECIPE, '--out', at('plain'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function weightsOf(run: string): Promise<Map<string, Tensor>> {
  return (await loadCheckpoint(runPaths(at(run)).checkpoint)).weights;
}

describe('pushpull train --weights', () => {
  it('puts the push-pull layer into a trained network, and tells what that costs', async () => {
    const asked = ['--weights', at('plain'), '--stem', 'pushpull', '--avg', '3'];
    const { status, stderr } = await pushpull(
      'train',
      '--data',
      pictures,
      ...asked,
      ...RECIPE,
      '--out',
      at('tuned'),
    );
    expect(status).toBe(0);
    expect(stderr).toMatch(/model +resnet18 cifar, width 2, push-pull avg3/);
    expect(stderr).toMatch(
      /weights +.*plain\/checkpoints\/last\/weights\.safetensors\n +names of torchvision\n/,
    );
    expect(stderr).toContain('conv1: a plain convolution in the file; its kernels are the push kernels now');
    expect(stderr).toContain('conv1.alpha: the file has none; starts at 1 for every filter');
    expect(stderr).toContain('batch norms are measured anew first (batches: 3)');
    expect(stderr).toMatch(
      /as loaded: test error top-1 \d+\.\d %.*\n(.*\n)*?batch norms measured anew: test error/,
    );

    const { config } = await openRun(at('tuned'));
    expect(config.initial).toMatchObject({ newClassifier: false, reestimateBatches: 3 });
    expect(config.initial?.file).toBe(join(at('plain'), 'checkpoints', 'last', 'weights.safetensors'));
    const card = readModelCard(readFileSync(join(at('tuned'), 'model.onnx')));
    expect(card?.training).toMatchObject({ initial: { file: config.initial?.file } });
    const alpha = floats((await weightsOf('tuned')).get('conv1.alpha')!);
    for (const value of alpha) expect(Math.abs(value - 1)).toBeLessThan(0.1);
  });

  it('leaves the network as it is where nothing else is asked for', async () => {
    await inProcess('train', '--data', pictures, '--weights', at('plain'), ...RECIPE, '--out', at('further'));
    const { config } = await openRun(at('further'));
    expect(config.model).toMatchObject({ width: 2, stem: { kind: 'conv' } });
    expect(config.initial?.reestimateBatches).toBe(0);
  });

  it('starts another classifier for other classes, on demand', async () => {
    const two = at('two');
    await writePictures(two, { train: 8, test: 3 }, ['circle', 'square']);
    const words = ['train', '--data', two, '--weights', at('plain'), ...RECIPE, '--out', at('classes')];
    await expect(inProcess(...words)).rejects.toThrow(
      /--new-classifier starts another\.\n {2}of another shape, 2:\n {4}fc: weight \[3, 16\] where \[2, 16\]/,
    );
    expect(existsSync(at('classes'))).toBe(false);
    await inProcess(...words, '--new-classifier');
    expect((await weightsOf('classes')).get('fc.bias')?.shape).toEqual([2]);
  });

  it.each([
    [['--new-classifier'], /^--new-classifier: only with --weights/],
    [['--reestimate-bn', '5'], /^--reestimate-bn: only with --weights/],
    [['--weights', '/nowhere.pth'], /^\/nowhere\.pth: the weights cannot be read/],
    [
      ['--weights', fixture('command.pth')],
      /command\.pth: expected weights saved by PyTorch, but it holds no named tensors/,
    ],
  ])('%j is refused, and nothing is begun', async (words, message) => {
    const bad = ['train', '--data', pictures, '--width', '2', ...RECIPE, ...words, '--out', at('bad')];
    await expect(inProcess(...bad)).rejects.toThrow(UserError);
    await expect(inProcess(...bad)).rejects.toThrow(message);
    expect(existsSync(at('bad'))).toBe(false);
  });
});

/** A file of the numbers 0 to 11. */
function numbers(): string {
  writeFileSync(at('numbers.txt'), Array.from({ length: 12 }, (_, at) => at).join('\n'));
  return at('numbers.txt');
}

describe('pushpull export', () => {
  it('gives the same network from a run, from its weights and from safetensors', async () => {
    const [fromRun, fromWeights, fromFile] = ['run.onnx', 'weights.onnx', 'file.onnx'].map(at);
    await inProcess('export', at('plain'), '--out', fromRun);
    await inProcess('export', '--weights', at('plain'), '--out', fromWeights);
    await inProcess('export', at('plain'), '--out', at('plain.safetensors'));
    await inProcess('export', '--weights', at('plain.safetensors'), '--out', fromFile);
    const [a, b, c] = [fromRun, fromWeights, fromFile].map((file) => readModelCard(readFileSync(file))!);
    expect(b).toEqual({ ...a, model: { ...a.model, antialias: 'none' } });
    expect(c).toEqual({ ...b, model: { ...b.model, stemBias: false, parameters: a.model.parameters - 2 } });
    expect(a.training).toMatchObject({ steps: 3, seed: 4 });
  });

  it("writes torchvision's tensors, and says what it did", async () => {
    const out = at('told.safetensors');
    const { stdout, stderr } = await inProcess('export', at('plain'), '--out', out);
    expect(stdout).toBe(`weights: ${out}`);
    expect(stderr).toContain("conv1.bias is taken into bn1.running_mean, as torchvision's network has none");
    const { tensors, metadata } = await readSafetensors(out);
    const own = await weightsOf('plain');
    expect([...tensors.keys()].sort()).toEqual(
      [...own.keys()].filter((name) => name !== 'conv1.bias').sort(),
    );
    expect(metadata.format).toBe('pt');
    const [mean, bias, folded] = [
      own.get('bn1.running_mean')!,
      own.get('conv1.bias')!,
      tensors.get('bn1.running_mean')!,
    ];
    expect(floats(folded)).toEqual(floats(mean).map((value, i) => value - floats(bias)[i]));
  });

  it('says the format of an ONNX file', async () => {
    const { stderr } = await inProcess('export', at('plain'), '--out', at('told.onnx'));
    expect(stderr).toMatch(/format +ONNX, opset 17: images \[N, 3, 32, 32\] to logits \[N, 3\], N is free/);
    expect(stderr).toMatch(/images +32×32; mean 0\.4914, 0\.4822, 0\.4465, std/);
    expect(stderr).toMatch(/classes +3: blue to red/);
  });

  it('writes what the makers of the weights tested with, and no numbers in place of names', async () => {
    const config = {
      model: 'resnet18',
      form: 'imagenet',
      width: 2,
      classes: 12,
      stem: { kind: 'conv' },
    } as const;
    const file = at('imagenet.safetensors');
    writeFileSync(file, encodeSafetensors(createModel(config, 1).parameters));
    const words = ['export', '--weights', file, '--out', at('imagenet.onnx')];
    const { stderr } = await inProcess(...words);
    expect(stderr).toMatch(/images +short side to 256, 224×224 from the centre; mean 0\.485, 0\.456/);
    expect(stderr).toContain(
      'assumed: tested with the short side at 256, as is usual for names of torchvision; --resize decides otherwise',
    );
    expect(stderr).toMatch(/classes +12, whose names are not known \(--class-names FILE/);
    expect(readModelCard(readFileSync(at('imagenet.onnx')))).toMatchObject({
      classes: [],
      preprocessing: { resize: 256, width: 224 },
    });
    await inProcess(...words, '--resize', '300');
    expect(readModelCard(readFileSync(at('imagenet.onnx')))?.preprocessing.resize).toBe(300);
    await expect(inProcess(...words, '--resize', '200')).rejects.toThrow(
      /--resize 200: expected at least the 224/,
    );
    // Names that are none, as earlier versions wrote them, are not handed on.
    const old = at('old.safetensors');
    await inProcess('export', '--weights', file, '--out', old, '--class-names', numbers());
    await inProcess('export', '--weights', old, '--out', at('old.onnx'));
    expect(readModelCard(readFileSync(at('old.onnx')))?.classes).toEqual([]);
  });

  it('names classes by a file', async () => {
    const names = at('names.txt');
    writeFileSync(names, 'sky\nwood\nfire\n');
    const words = ['export', '--weights', at('plain'), '--class-names', names, '--out', at('named.onnx')];
    await inProcess(...words);
    expect(readModelCard(readFileSync(at('named.onnx')))?.classes).toEqual(['sky', 'wood', 'fire']);
    writeFileSync(names, 'sky\n');
    await expect(inProcess(...words)).rejects.toThrow(/expected 3 lines, one for each class, found 1/);
  });

  it.each([
    [['--out', 'x.onnx'], 'give the folder of a run, or --weights FILE'],
    [
      ['--weights', 'w.pth', '--out', 'x.pth'],
      '--out x.pth: expected a file name that ends in .onnx or .safetensors',
    ],
    [['/nowhere', '--out', 'x.onnx'], '/nowhere: expected the folder of a training run'],
    [['--weights', '/none.safetensors', '--out', 'x.onnx'], '/none.safetensors: the weights cannot be read'],
    [['--weights', fixture('kinds.pth'), '--out', 'x.onnx'], '--model: say which network the weights in'],
    [
      ['--weights', fixture('kinds.pth'), '--model', 'resnet18', '--out', 'x.onnx'],
      '--model resnet18: expected weights of that network',
    ],
  ])('%j', async (words, message) => {
    await expect(inProcess('export', ...words)).rejects.toThrow(message);
    expect(existsSync('x.onnx')).toBe(false);
  });

  it('names all that does not fit', async () => {
    const wide = ['--weights', at('plain'), '--width', '4', '--out', at('x.onnx')];
    await expect(inProcess('export', ...wide)).rejects.toThrow(
      /--width 2\.\n {2}of another shape, \d+:\n {4}conv1: weight \[2, 3, 3, 3\] where \[4, 3, 3, 3\] was expected/,
    );
  });
});
