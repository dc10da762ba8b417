import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { register } from '../../../src/cli/corrupt/corrupt.ts';
import { corrupt } from '../../../src/corrupt/index.ts';
import { openDataset } from '../../../src/data/dataset.ts';
import { npyHeader } from '../../../src/data/npy/npy.ts';
import { decodeImage } from '../../../src/data/pictures/decode.ts';
import { UserError } from '../../../src/errors.ts';
import { createImage } from '../../../src/image/image.ts';
import { randomStream } from '../../../src/random/random.ts';

let folder: string;

/** `pushpull corrupt` with these words; returns what it printed. */
async function run(...words: string[]): Promise<string> {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    const program = new Command('pushpull').exitOverride();
    register(program);
    await program.parseAsync(['node', 'pushpull', 'corrupt', ...words]);
    return print.mock.calls.map((call) => String(call[0])).join('\n');
  } finally {
    vi.restoreAllMocks();
  }
}

const place = (...parts: string[]) => path.join(folder, ...parts);

async function writePicture(file: string, width: number, height: number, seed: number): Promise<void> {
  const random = randomStream('cli', seed);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.int(0, 256));
  await mkdir(path.dirname(file), { recursive: true });
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'corrupt-'));
  await writePicture(place('photo.png'), 60, 40, 0);
  for (const [index, name] of ['cat', 'dog', 'cat', 'dog', 'dog'].entries()) {
    await writePicture(place('data', 'test', name, `${index}.png`), 20, 16, index);
    await writePicture(place('mixed', 'test', name, `${index}.png`), 20 + index, 16, index);
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a picture', () => {
  it('becomes a file for each corruption and severity, equal to the library, and a contact sheet', async () => {
    const out = place('one');
    const printed = await run(
      '--data',
      place('photo.png'),
      '--corruption',
      'fog,blur',
      '--severity',
      '2,5',
      '--out',
      out,
      '--seed',
      '3',
    );
    expect(printed).toContain('10 pictures of 60 × 40 (strengths of cifar)');
    expect((await readdir(out)).sort()).toEqual(
      [
        'contact-sheet.png',
        ...['defocus_blur', 'fog', 'glass_blur', 'motion_blur', 'zoom_blur'].flatMap((name) => [
          `${name}-2.png`,
          `${name}-5.png`,
        ]),
      ].sort(),
    );
    const original = await sharp(place('photo.png')).raw().toBuffer();
    const image = createImage(60, 40, new Uint8Array(original));
    const expected = corrupt(image, { corruption: 'fog', severity: 5, set: 'cifar', seed: 3, index: 0 });
    const file = await sharp(path.join(out, 'fog-5.png')).raw().toBuffer();
    expect(new Uint8Array(file)).toEqual(expected.data);
    const sheet = await sharp(path.join(out, 'contact-sheet.png')).metadata();
    expect(sheet.width).toBeGreaterThan(2 * 2 * 112);
  });

  it('is cut to a square first when a size is given', async () => {
    const out = place('square');
    await run(
      '--data',
      place('photo.png'),
      '--corruption',
      'contrast',
      '--severity',
      '1',
      '--size',
      '24',
      '--out',
      out,
    );
    const { width, height } = await sharp(path.join(out, 'contrast-1.png')).metadata();
    expect([width, height]).toEqual([24, 24]);
  });
});

describe('a picture of another kind', () => {
  const [width, height] = [24, 18];
  const pixels = <T>(levels: (x: number) => T[]): T[] =>
    Array.from({ length: width * height }, (_, i) => levels(i % width)).flat();
  const raw = (channels: 1 | 3 | 4) => ({ raw: { width, height, channels } });
  // Stripes: white, red, grey and black.
  const stripes = [
    [255, 255, 255],
    [250, 10, 20],
    [90, 90, 90],
    [0, 0, 0],
  ];
  const coloured = (x: number) => stripes[(x >> 1) & 3];

  it.each([
    [
      'grey',
      (x: number) => [10 * x, 10 * x, 10 * x],
      () => sharp(Uint8Array.from(pixels((x) => [10 * x])), raw(1)).toColourspace('b-w'),
    ],
    [
      'with 16 bits',
      coloured,
      () =>
        sharp(Uint16Array.from(pixels((x) => coloured(x).map((v) => 257 * v))), raw(3)).toColourspace(
          'rgb16',
        ),
    ],
    [
      'with a palette',
      coloured,
      () => sharp(Uint8Array.from(pixels(coloured)), raw(3)).png({ palette: true }),
    ],
    [
      'transparent in places',
      (x: number) => (x < 9 ? [0, 0, 0] : coloured(x)),
      () => sharp(Uint8Array.from(pixels((x) => [...coloured(x), x < 9 ? 0 : 255])), raw(4)),
    ],
  ])('%s is corrupted as its colours on black', async (name, expected, encoded) => {
    const file = place(`${name}.png`);
    await encoded().png().toFile(file);
    await run('--data', file, '--corruption', 'contrast', '--severity', '1', '--out', place(name));
    const image = createImage(width, height, Uint8Array.from(pixels(expected)));
    const options = { corruption: 'contrast', severity: 1, set: 'cifar', seed: 0, index: 0 } as const;
    const made = await decodeImage(await readFile(place(name, 'contrast-1.png')));
    expect(made).toEqual(corrupt(image, options));
  });
});

describe('a data set', () => {
  it('becomes arrays in the layout of CIFAR-10-C, the same for any number of threads', async () => {
    const words = [
      '--data',
      place('data'),
      '--corruption',
      'gaussian_noise,frost',
      '--severity',
      '1,4',
      '--format',
      'npy',
      '--seed',
      '7',
    ];
    await run(...words, '--workers', '2', '--out', place('arrays'));
    await run(...words, '--workers', '1', '--out', place('again'));
    expect((await readdir(place('arrays'))).sort()).toEqual([
      'frost.npy',
      'gaussian_noise.npy',
      'labels.npy',
      'manifest.json',
    ]);
    const header = npyHeader('uint8', [10, 16, 20, 3]);
    const dataset = await openDataset(place('data'), 'test');
    for (const corruption of ['gaussian_noise', 'frost'] as const) {
      const file = new Uint8Array(await readFile(place('arrays', `${corruption}.npy`)));
      expect(new Uint8Array(await readFile(place('again', `${corruption}.npy`)))).toEqual(file);
      expect(file.subarray(0, header.length)).toEqual(header);
      for (const [block, severity] of ([1, 4] as const).entries()) {
        for (let index = 0; index < 5; index++) {
          const start = header.length + (block * 5 + index) * 960;
          const options = { corruption, severity, set: 'cifar', seed: 7, index } as const;
          const expected = corrupt(await dataset.read(index), options).data;
          expect(file.subarray(start, start + 960)).toEqual(expected);
        }
      }
    }
    const labels = new Uint8Array(await readFile(place('arrays', 'labels.npy'))).subarray(-10);
    const once = Array.from({ length: 5 }, (_, index) => dataset.label(index));
    expect([...labels]).toEqual([...once, ...once]);
    await dataset.close();
  });

  it('becomes folders of PNG files with a manifest', async () => {
    const out = place('files');
    await run(
      '--data',
      place('mixed'),
      '--corruption',
      'snow',
      '--severity',
      '3',
      '--set',
      'imagenet',
      '--without',
      'jpeg85',
      '--out',
      out,
    );
    expect((await readdir(path.join(out, 'snow', '3'))).sort()).toEqual(['cat', 'dog']);
    const dataset = await openDataset(place('mixed'), 'test');
    const index = 4;
    const name = dataset.classes[dataset.label(index)];
    const file = await sharp(path.join(out, 'snow', '3', name, '4.png'))
      .raw()
      .toBuffer();
    const options = {
      corruption: 'snow',
      severity: 3,
      set: 'imagenet',
      seed: 0,
      index,
      quirks: { jpeg85: false },
    } as const;
    expect(new Uint8Array(file)).toEqual(corrupt(await dataset.read(index), options).data);
    await dataset.close();
    const manifest = JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      schema: 'pushpull.corrupted/1',
      data: { images: 5, split: 'test' },
      format: 'png',
      set: 'imagenet',
      severities: [3],
      corruptions: { snow: [{ mean: 0.55, threshold: 0.9 }] },
      quirks: { jpeg85: false, glassCopies: true },
    });
  });
});

describe("a data set in ImageNet-C's layout", () => {
  it('keeps the names of the images, and its files decode to what the imagenet set makes in memory', async () => {
    const out = place('imagenet-c');
    const words = ['--corruption', 'contrast,snow', '--severity', '2,5', '--format', 'jpeg', '--out', out];
    await run('--data', place('data'), '--set', 'imagenet', '--workers', '1', ...words);
    expect((await readdir(path.join(out, 'snow', '5', 'dog'))).sort()).toEqual([
      '1.JPEG',
      '3.JPEG',
      '4.JPEG',
    ]);
    const dataset = await openDataset(place('data'), 'test');
    for (const corruption of ['contrast', 'snow'] as const) {
      for (let index = 0; index < 5; index++) {
        const source = path.parse(dataset.describe(index));
        const file = path.join(out, corruption, '2', path.basename(source.dir), `${source.name}.JPEG`);
        const options = { corruption, severity: 2, set: 'imagenet', seed: 0, index } as const;
        expect(await decodeImage(await readFile(file))).toEqual(corrupt(await dataset.read(index), options));
      }
    }
    await dataset.close();
  });

  it('tells in its manifest what the clean images were, whatever they are packed in', async () => {
    const hashOf = async (data: string, ...words: string[]) => {
      const out = place('hashed');
      await rm(out, { recursive: true, force: true });
      await run('--data', data, '--corruption', 'contrast', '--severity', '1', '--out', out, ...words);
      return JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8')).data.sha256 as string;
    };
    const whole = createHash('sha256');
    const dataset = await openDataset(place('data'), 'test');
    for (let index = 0; index < dataset.length; index++) {
      const facts = Buffer.alloc(12);
      for (const [at, value] of [dataset.label(index), 20, 16].entries()) facts.writeUInt32LE(value, 4 * at);
      const { data } = await dataset.read(index);
      whole.update(createHash('sha256').update(facts).update(data).digest());
    }
    await dataset.close();
    const expected = whole.digest('hex');
    expect(await hashOf(place('data'), '--workers', '2')).toBe(expected);
    expect(await hashOf(place('data'), '--format', 'jpeg', '--size', '16')).toBe(expected);
    await cp(place('data', 'test', 'cat'), place('fewer', 'test', 'cat'), { recursive: true });
    expect(await hashOf(place('fewer'))).not.toBe(expected);
  });

  it('cannot do without the quality that it is stored in', async () => {
    const failure = run(
      '--data',
      place('data'),
      '--format',
      'jpeg',
      '--without',
      'jpeg85',
      '--out',
      place('no'),
    );
    await expect(failure).rejects.toThrow('--without jpeg85: --format jpeg stores with that quality');
  });
});

describe('mistakes', () => {
  it.each([
    [['--corruption', 'rain'], '--corruption: expected noise, blur'],
    [['--severity', '6'], '--severity: expected all, or numbers from 1 to 5'],
    [['--without', 'jpeg'], '--without: expected names from glassCopies'],
    [['--frost-dir', '/nowhere'], '--frost-dir /nowhere: expected a folder of frost textures, found none'],
    // the option's older name
    [['--frost', '/nowhere'], '--frost-dir /nowhere: expected a folder of frost textures, found none'],
    [['--limit', '3'], '--limit: expected a data set with it, found the picture'],
  ])('%j is refused', async (words, message) => {
    const attempt = run('--data', place('photo.png'), '--out', place('nothing'), ...words);
    await expect(attempt).rejects.toThrow(UserError);
    await expect(run('--data', place('photo.png'), '--out', place('nothing'), ...words)).rejects.toThrow(
      message,
    );
    await expect(readdir(place('nothing'))).rejects.toThrow('ENOENT');
  });

  it('images of different sizes do not go into one array, and nothing is left behind', async () => {
    const attempt = run(
      '--data',
      place('mixed'),
      '--corruption',
      'fog',
      '--severity',
      '1',
      '--format',
      'npy',
      '--out',
      place('uneven'),
    );
    await expect(attempt).rejects.toThrow(
      /expected 2\d × 16 pixels like the first image, found 2\d × 16; .* add --size 16, or use --format png/,
    );
    await expect(readdir(place('uneven'))).rejects.toThrow('ENOENT');
  });

  it('a broken picture is named', async () => {
    await writeFile(place('broken.jpg'), 'no picture');
    const attempt = run('--data', place('broken.jpg'), '--out', place('nothing'));
    await expect(attempt).rejects.toThrow(/broken\.jpg: expected a picture .* cannot be read/);
  });

  it.each([
    ['a picture', 'thin.png', 7, 500],
    ['one of a data set', 'thin', 40, 15],
  ])('%s below 16 × 16 pixels is named, unless all are resized', async (_, name, width, height) => {
    const data = place(name);
    const file = data.endsWith('.png') ? data : path.join(data, 'test', 'cat', 'small.png');
    if (data !== file) await writePicture(path.join(data, 'test', 'ant', 'good.png'), 20, 16, 0);
    await writePicture(file, width, height, 1);
    const words = [
      '--data',
      data,
      '--corruption',
      'fog,contrast',
      '--severity',
      '5',
      '--out',
      place('small'),
    ];
    const message = `${file}: expected 16 × 16 pixels or more, found ${width} × ${height}; enlarge it, or add --size 32`;
    const attempt = run(...words);
    await expect(attempt).rejects.toThrow(UserError);
    await expect(attempt).rejects.toThrow(message);
    expect(await run(...words, '--size', '32')).toMatch(/pictures/);
  });
});
