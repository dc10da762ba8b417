/** What `pushpull corrupt` writes, `pushpull evaluate` reads. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { register as registerCorrupt } from '../../src/cli/corrupt/corrupt.ts';
import { register as registerEvaluate } from '../../src/cli/evaluate/evaluate.ts';
import { readNpy } from '../../src/data/npy/npy.ts';
import { readResult } from '../../src/evaluate/result/result.ts';
import { colourModel, writeColours } from '../evaluate/colours.ts';
import { tinyModel } from '../evaluate/tiny-model.ts';

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-corrupted-sets-'));
  await writeFile(at('colours.onnx'), colourModel());
  await writeColours(at('colours'), 6);
  await corrupt('--format', 'npy', '--out', at('set'));
});
afterAll(() => rm(folder, { recursive: true }));

const SOME = ['gaussian_noise', 'contrast'];

async function run(words: string[]): Promise<{ stdout: string; stderr: string }> {
  const program = new Command('pushpull').exitOverride();
  registerCorrupt(program);
  registerEvaluate(program);
  const [stdout, stderr] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')].map((spy) =>
    spy.mockImplementation(() => {}),
  );
  try {
    await program.parseAsync(words, { from: 'user' });
    const text = (spy: typeof stdout) => stripVTControlCharacters(spy.mock.calls.map(String).join('\n'));
    return { stdout: text(stdout), stderr: text(stderr) };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

/** Tells red and blue apart: as the names of its card are, or (without) blue first. */
function twoColours(classes?: readonly string[]): Uint8Array {
  const input = ['N', 3, 16, 16];
  if (!classes) return tinyModel({ input, weight: [0, 1, 0, 0, 1, 0] });
  const card = {
    schema: 'pushpull.model/1',
    model: { name: 'colournet', variant: 'baseline', parameters: 6 },
    classes,
    preprocessing: {
      ...{ width: 16, height: 16, layout: 'NCHW', dtype: 'float32', resize: null },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
  };
  return tinyModel({ input, weight: [1, 0, 0, 0, 0, 1], metadata: { pushpull: JSON.stringify(card) } });
}

const corrupt = (...words: string[]) =>
  run([
    'corrupt',
    '--data',
    at('colours'),
    '--corruption',
    SOME.join(),
    '--seed',
    '3',
    '--workers',
    '1',
    ...words,
  ]);

const evaluate = (out: string, ...words: string[]) =>
  run([
    ...['evaluate', at('colours.onnx'), '--out', at(out), '--mean', '0', '--std', '1'],
    ...['--workers', '1', '--threads', '1', ...words],
  ]);

describe("a set in CIFAR-10-C's form", () => {
  it('gives the errors of images that are corrupted in memory', async () => {
    const { stderr } = await evaluate(
      'read.json',
      '--data',
      `cifar10-c:${at('set')}`,
      '--clean',
      at('colours'),
      '--corruptions',
      SOME.join(),
    );
    expect(stderr).toMatch(/data +CIFAR-10-C test, 18 images/);
    expect(stderr).toMatch(/corruptions +10 cells of .*set, .*as they are/);
    expect(stderr).toMatch(/clean +colours, 18 images, as they are/);
    await evaluate('made.json', '--data', at('colours'), '--seed', '3', '--corruptions', SOME.join());
    const [read, made] = await Promise.all(['read.json', 'made.json'].map((file) => readResult(at(file))));
    expect(read.errors).toEqual(made.errors);
    expect(new Set(Object.values(read.errors).flat()).size).toBeGreaterThan(2);
    expect(read.clean).toEqual(made.clean);
    expect(read.metrics).toEqual(made.metrics);
    expect(read.data).toMatchObject({
      corrupted: { format: 'cifar10-c' },
      clean: { name: 'colours', images: 18 },
    });
    // They must not be taken for the same pictures all the same.
    const mixed = evaluate(
      'mixed.json',
      '--data',
      at('colours'),
      '--seed',
      '3',
      '--corruptions',
      'contrast',
      '--baseline',
      at('read.json'),
    );
    await expect(mixed).rejects.toThrow(/corrupted images of cifar10-c there, made in memory here/);
  });

  it('leaves the clean error out where no clean images are given, and says so', async () => {
    const words = ['--data', `cifar10-c:${at('set')}`, '--corruptions', 'contrast', '--severities', '2'];
    const { stdout, stderr } = await evaluate('alone.json', ...words);
    expect(stderr).toMatch(/clean +not measured: no clean images were given \(--clean\)/);
    expect(stdout).toMatch(/clean +not measured +·/);
    expect(stdout).toMatch(/note: no error.clean, and nothing that follows from it/);
    const alone = await readResult(at('alone.json'));
    expect(alone).toMatchObject({ complete: true, images: { contrast: [null, 18, null, null, null] } });
    expect(alone.clean).toBeUndefined();
    expect(alone.metrics).toEqual({ 'partial.error': alone.errors.contrast[1] });
    // Given later, they are measured alone.
    const later = await evaluate('alone.json', ...words, '--clean', at('colours'));
    expect(later.stderr).toMatch(/continued +1 of 2 cells/);
    expect((await readResult(at('alone.json'))).metrics).toHaveProperty(['error.clean']);
    // And stay, where the evaluation goes on without them.
    await evaluate('alone.json', ...words.slice(0, -1), '2,3');
    const more = await readResult(at('alone.json'));
    expect(more.clean?.images).toBe(18);
    expect(more.data.clean?.images).toBe(18);
    expect(more.errors.contrast[2]).not.toBeNull();
  });

  it('compares with a baseline on the same set only', async () => {
    const words = ['--corruptions', 'contrast', '--severities', '1,2'];
    await evaluate('base.json', '--data', `cifar10-c:${at('set')}`, ...words);
    const narrow = ['--corruptions', 'contrast', '--severities', '2', '--baseline', at('base.json')];
    await evaluate('same.json', '--data', `cifar10-c:${at('set')}`, ...narrow);
    expect((await readResult(at('same.json'))).metrics['partial.baseline']).toBe(1);
    await corrupt(
      '--format',
      'npy',
      '--out',
      at('other'),
      '--limit',
      '18',
      '--severity',
      '2,1',
      '--seed',
      '9',
      '--corruption',
      'gaussian_noise,contrast',
    );
    const pixels = await readNpy(at('other', 'gaussian_noise.npy'));
    expect(pixels.shape).toEqual([36, 16, 16, 3]);
    await evaluate(
      'noise.json',
      '--data',
      `cifar10-c:${at('set')}`,
      '--corruptions',
      'gaussian_noise',
      '--severities',
      '1',
    );
    const other = evaluate(
      'differs.json',
      '--data',
      `cifar10-c:${at('other')}`,
      '--corruptions',
      'gaussian_noise',
      '--severities',
      '1',
      '--baseline',
      at('noise.json'),
    );
    await expect(other).rejects.toThrow('other images of gaussian_noise');
  });

  it.each([
    [['--corruptions', 'fog,contrast'], /missing: fog\. Fetch/],
    [[], /expected 15 corruptions .* found gaussian_noise, contrast only; missing: shot_noise; /],
    [['--corruptions', 'contrast', '--set', 'cifar'], /--set: is for images that are corrupted here/],
    [['--corruptions', 'contrast', '--frost-dir', 'x'], /--frost-dir: is for images that are corrupted here/],
    [
      ['--corruptions', 'contrast', '--clean', 'mnist'],
      /--clean mnist: expected the classes of .*set, blue, green, red, found 0, 1, 2/,
    ],
    [['--corruptions', 'contrast', '--input-size', '16x16', '--mean', '2,2'], /--mean: expected/],
  ])('is refused before the run with %j', async (words, message) => {
    const failure = evaluate('refused.json', '--data', `cifar10-c:${at('set')}`, ...words);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'UserError' });
    await expect(readFile(at('refused.json'))).rejects.toThrow(/ENOENT/);
  });

  it('is never resized', async () => {
    await corrupt('--format', 'npy', '--out', at('large'), '--limit', '2', '--size', '20', '--severity', '1');
    const failure = evaluate(
      'refused.json',
      '--data',
      `cifar10-c:${at('large')}`,
      '--corruptions',
      'contrast',
      '--severities',
      '1',
      '--resize',
      '20',
    );
    await expect(failure).rejects.toThrow(
      /contrast.npy, row 0: expected an image of the model's input size 16×16, found 20×20; corrupted images are not resized/,
    );
    const useless = evaluate('refused.json', '--data', at('colours'), '--clean', at('colours'));
    await expect(useless).rejects.toThrow('--clean: stands beside a corrupted set');
  });
});

describe("a set in ImageNet-C's form", () => {
  it.each(['jpeg', 'png'])(
    'gives the errors of images that are corrupted in memory, written as %s',
    async (format) => {
      const set = at(`imagenet-c-${format}`);
      await corrupt('--format', format, '--set', 'imagenet', '--out', set);
      const words = ['--corruptions', SOME.join(), '--severities', '1,3'];
      const [read, made] = [`${format}-read.json`, `${format}-made.json`];
      await evaluate(read, '--data', `imagenet-c:${set}`, '--clean', at('colours'), ...words);
      await evaluate(made, '--data', at('colours'), '--seed', '3', '--set', 'imagenet', ...words);
      const [there, here] = [await readResult(at(read)), await readResult(at(made))];
      expect(there.errors).toEqual(here.errors);
      expect(new Set(Object.values(there.errors).flat()).size).toBeGreaterThan(2);
      expect(there.clean).toEqual(here.clean);
      expect(there.data).toMatchObject({ name: 'ImageNet-C', corruptionSet: 'imagenet', frost: 'generated' });
      expect(there.notes.join('\n')).toMatch(
        /clean images are taken as they are, .* --resize 18 crops both alike/,
      );
    },
  );

  it('is read for the classes of a model that has fewer', async () => {
    const model = at('two.onnx');
    const classes = ['red', 'blue'];
    await writeFile(model, twoColours(classes));
    const words = ['--corruptions', 'contrast', '--severities', '1', '--workers', '1', '--threads', '1'];
    const data = ['--data', `imagenet-c:${at('imagenet-c-jpeg')}`, '--clean', at('colours')];
    await run(['evaluate', model, '--out', at('two.json'), ...data, ...words]);
    const two = await readResult(at('two.json'));
    expect(two).toMatchObject({ clean: { images: 12 }, images: { contrast: [12, null, null, null, null] } });
    expect(two.data).toMatchObject({ classes: 2, clean: { images: 12 } });
    // Two colours are told apart at least as well as three.
    expect(two.clean!.top1).toBeLessThanOrEqual((await readResult(at('jpeg-read.json'))).clean!.top1);
    // A list of classes says the same for a model that does not name its own.
    await writeFile(at('classes.txt'), '# two of them\nred\nblue\n');
    await writeFile(at('plain.onnx'), twoColours());
    const listed = ['--classes-file', at('classes.txt'), '--mean', '0', '--std', '1'];
    await run(['evaluate', at('plain.onnx'), '--out', at('listed.json'), ...data, ...words, ...listed]);
    expect((await readResult(at('listed.json'))).errors).toEqual(two.errors);
    const other = evaluate('no.json', ...data, '--corruptions', 'contrast', '--classes-file', at('none.txt'));
    await expect(other).rejects.toThrow(/--classes-file: expected a text file, found none at .*none.txt/);
    const cifar = evaluate(
      'no.json',
      '--data',
      `cifar10-c:${at('set')}`,
      '--classes-file',
      at('classes.txt'),
    );
    await expect(cifar).rejects.toThrow('--classes-file: CIFAR-10-C has ten classes');
  });
});

describe('a folder that holds a set', () => {
  const resultOf = (spec: string) => `${path.basename(spec)}.result.json`;
  const made = (out: string, corruption: string, severity: string, ...words: string[]) =>
    corrupt('--out', at(out), '--corruption', corruption, '--severity', severity, ...words);
  const read = (spec: string, ...words: string[]) =>
    evaluate(resultOf(spec), '--data', spec, '--severities', '3', ...words);

  it('takes more corruptions of the same set, and refuses those of another', async () => {
    await made('grown', 'contrast', '3,4', '--format', 'npy');
    await made('grown', 'gaussian_noise', '3,4', '--format', 'npy');
    const text = await readFile(at('grown', 'manifest.json'), 'utf8');
    expect(Object.keys(JSON.parse(text).corruptions)).toEqual(['gaussian_noise', 'contrast']);
    await read(`cifar10-c:${at('grown')}`, '--corruptions', SOME.join());
    expect((await readResult(at('grown.result.json'))).images).toMatchObject({
      contrast: [null, null, 18, null, null],
    });
    const files = await readdir(at('grown'));
    for (const [words, difference] of [
      [['1,2', '--format', 'npy'], 'severities [3,4], here [1,2]'],
      [['3,4', '--format', 'npy', '--seed', '4'], 'seed 3, here 4'],
      [['3,4', '--format', 'npy', '--limit', '6'], 'images 18, here 6'],
      [['3,4'], 'format "npy", here "png"'],
    ] as const) {
      const [severity, ...others] = words;
      await expect(made('grown', 'fog', severity, ...others)).rejects.toThrow(
        `found one with other settings (${difference}); choose another folder`,
      );
    }
    expect(await readdir(at('grown'))).toEqual(files);
    expect(await readFile(at('grown', 'manifest.json'), 'utf8')).toBe(text);
    // The severities of an array that the manifest does not name are not known.
    await cp(at('set', 'contrast.npy'), at('grown', 'fog.npy'));
    await expect(read(`cifar10-c:${at('grown')}`, '--corruptions', 'fog')).rejects.toThrow('missing: fog');
  });

  it('is refused where it lost images', async () => {
    await made('lost', 'contrast', '3');
    const [first] = await readdir(at('lost', 'contrast', '3', 'red'));
    await rm(at('lost', 'contrast', '3', 'red', first));
    await expect(read(`imagenet-c:${at('lost')}`, '--corruptions', 'contrast')).rejects.toThrow(
      /contrast.3: expected 18 images as manifest.json says, found 17 \(3 of 3 classes\); .*go on with: pushpull corrupt/,
    );
  });

  /** The words of the command that a refusal tells. */
  async function commandIn(refused: Promise<unknown>): Promise<string[]> {
    const message = await refused.then(
      () => 'was not refused',
      (error: Error) => error.message,
    );
    const words = / go on with: pushpull (.*)$/.exec(message)?.[1].split(' ');
    expect(words, message).toBeDefined();
    return words!;
  }

  it('is refused where its making was killed, and whole after the command that is told', async () => {
    await made('killed', 'contrast,fog', '3');
    const names = async () =>
      (await readdir(at('killed'), { recursive: true })).filter((name) => name.endsWith('.png')).sort();
    const all = await names();
    const bytes = await Promise.all(all.map((name) => readFile(at('killed', name))));
    // A killed one leaves its manifest, and the same images in every cell.
    for (const corruption of ['contrast', 'fog']) {
      for (const colour of ['green', 'blue']) {
        await rm(at('killed', corruption, '3', colour), { recursive: true });
      }
    }
    const command = await commandIn(read(`imagenet-c:${at('killed')}`, '--corruptions', 'contrast,fog'));
    const { stderr } = await run([...command, '--workers', '1']);
    expect(stderr).toMatch(/^continued +12 of 36 pictures were there$/m);
    expect(await names()).toEqual(all);
    expect(await Promise.all(all.map((name) => readFile(at('killed', name))))).toEqual(bytes);
    await read(`imagenet-c:${at('killed')}`, '--corruptions', 'contrast,fog');
  });

  it('says from the start what it will hold, of arrays too', async () => {
    await made('arrays', 'contrast,fog,speckle_noise', '3', '--format', 'npy');
    const bytes = await readFile(at('arrays', 'fog.npy'));
    for (const name of ['fog', 'speckle_noise']) await rm(at('arrays', `${name}.npy`));
    const command = await commandIn(read(`cifar10-c:${at('arrays')}`, '--corruptions', 'contrast,fog'));
    expect(command.slice(-4)).toEqual(['--corruption', 'fog', '--out', at('arrays')]);
    await run([...command, '--workers', '1']);
    expect(await readFile(at('arrays', 'fog.npy'))).toEqual(bytes);
    await read(`cifar10-c:${at('arrays')}`, '--corruptions', 'contrast,fog');
  });

  it('stopped before its first picture leaves no manifest', async () => {
    const before = process.listenerCount('SIGINT');
    const timer = setInterval(() => {
      // One listener is the lock's; the other one knows how to stop.
      if (process.listenerCount('SIGINT') < before + 2) return;
      clearInterval(timer);
      process.emit('SIGINT');
    }, 0);
    await made('stopped', 'contrast', '3');
    expect(process.exitCode).toBe(130);
    process.exitCode = undefined;
    await expect(readdir(at('stopped'))).rejects.toThrow('ENOENT');
  });

  it.each(['npy', 'png'])('tells in the result what it lacks, written as %s', async (format) => {
    await cp(at('colours'), at('broken'), { recursive: true });
    const [name] = await readdir(at('broken', 'test', 'red'));
    await writeFile(at('broken', 'test', 'red', name), '');
    await made(format, 'contrast', '3', '--format', format, '--data', at('broken'), '--skip-bad');
    const spec = `${format === 'npy' ? 'cifar10-c' : 'imagenet-c'}:${at(format)}`;
    await read(spec, '--corruptions', 'contrast');
    const { notes, data } = await readResult(at(resultOf(spec)));
    expect(data).toMatchObject({ images: 17, corrupted: { leftOut: 1 } });
    expect(notes).toContain(
      `${data.name} lacks 1 image that could not be read when it was made; its manifest.json lists what is missing`,
    );
  });
});
