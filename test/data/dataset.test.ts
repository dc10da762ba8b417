import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/dataset.ts';
import { mnistCacheFolder } from '../../src/data/formats/mnist.ts';
import { decodeImage } from '../../src/data/pictures/decode.ts';
import { UserError } from '../../src/errors.ts';
import { cifar10Files, imageFolder, picture, writeFolder, writeTar } from './archives.ts';

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'dataset-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Everything of a split in a form that can be compared. */
async function contents(spec: string, split: 'train' | 'test') {
  const dataset = await openDataset(spec, split);
  const images = [];
  for (let i = 0; i < dataset.length; i++) {
    const { width, height, data } = await dataset.read(i);
    images.push([dataset.label(i), width, height, Buffer.from(data).toString('base64')]);
  }
  await dataset.close();
  return { classes: dataset.classes, images };
}

describe('image folders', () => {
  it('give the same images as folder, .tar, .tar.gz, and nested in an outer folder', async () => {
    const files = await imageFolder(['b', 'a', 'B'], 3);
    const nested = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`outer/${name}`, bytes]));
    const expected = await contents(await writeFolder(at('plain'), files), 'train');
    // By code units, as Python sorts.
    expect(expected.classes).toEqual(['B', 'a', 'b']);
    expect(expected.images.map(([label]) => label)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    const [, , , first] = expected.images[0];
    const decoded = await sharp(await picture('train B 0'))
      .raw()
      .toBuffer();
    expect(first).toBe(decoded.toString('base64'));
    for (const place of [
      await writeTar(at('plain.tar'), files),
      await writeTar(at('plain.tar.gz'), files),
      await writeFolder(at('nested'), nested),
      await writeTar(at('nested.tgz'), nested),
    ]) {
      expect(await contents(place, 'train'), place).toEqual(expected);
    }
  });

  it('accept val for test, deeper folders, long names, and pass over what is no image', async () => {
    const long = `train/a/${'long-'.repeat(40)}.png`;
    const files = {
      'val/a/x.png': await picture('x'),
      'train/a/images/y.png': await picture('y'),
      [long]: await picture('long'),
      'train/a/._y.png': new Uint8Array(3),
      'train/a/notes.txt': new Uint8Array(3),
      'README.md': new Uint8Array(3),
    };
    for (const place of [await writeFolder(at('val'), files), await writeTar(at('val.tar'), files)]) {
      const train = await openDataset(place, 'train');
      expect([0, 1].map((index) => path.basename(train.describe(index)))).toEqual([
        'y.png',
        path.basename(long),
      ]);
      expect((await openDataset(place, 'test')).length).toBe(1);
    }
  });

  it('have names, paths and a source', async () => {
    const place = await writeTar(at('flowers.tar.gz'), await imageFolder(['rose'], 1));
    const dataset = await openDataset(place, 'test');
    expect([dataset.name, dataset.displayName]).toEqual(['flowers', 'flowers']);
    expect(dataset.describe(0)).toBe(`${place}: test/rose/0.png`);
    expect(dataset.source).toEqual({ kind: 'folder', path: place, split: 'test' });
    expect(JSON.parse(JSON.stringify(dataset.source))).toEqual(dataset.source);
    expect(() => dataset.label(1)).toThrow('expected an image index from 0 to 0, found 1');
    await dataset.close();
  });

  it('have the classes of both splits, and tell which one split lacks', async () => {
    const files = { ...(await imageFolder(['cat', 'dog'], 1)), 'train/cow/0.png': await picture('cow') };
    const place = await writeFolder(at('unequal'), files);
    const [train, test] = [await openDataset(place, 'train'), await openDataset(place, 'test')];
    expect(test.classes).toEqual(['cat', 'cow', 'dog']);
    expect([test.label(0), test.label(1)]).toEqual([0, 2]);
    expect(test.reading.lacking).toEqual(['cow']);
    expect(test.reading.notes).toEqual(['1 class only in train/, without images in test/: cow']);
    expect(train.reading.lacking).toBeUndefined();
  });

  it.each([
    [
      'no images',
      { 'a.txt': new Uint8Array(1) },
      /expected train images in train\/<class>.*, found 1 other file \(a.txt\)/,
    ],
    ['nothing', {}, /expected train images in train\/<class>.*, found no files/],
    ['test images only', { 'test/a/0.png': new Uint8Array(1) }, /found images in test\/ only/],
    [
      'two data sets',
      { 'x/train/a/0.png': new Uint8Array(1), 'y/train/a/0.png': new Uint8Array(1) },
      /expected one data set, found 2 \(x, y\); give the path of one/,
    ],
  ])('a folder with %s is refused', async (name, files, message) => {
    const place = await writeFolder(at(`bad ${name}`), { ...files, '.keep': new Uint8Array() });
    await expect(openDataset(place, 'train')).rejects.toThrow(message);
    await expect(openDataset(place, 'train')).rejects.toThrow(UserError);
  });
});

describe('archives', () => {
  it('that are missing, damaged or none are refused', async () => {
    await expect(openDataset(at('none.tar'), 'train')).rejects.toThrow(
      /none.tar: expected cifar10, mnist, imagenet:PATH, or the path/,
    );
    await writeFile(at('text.tar'), 'x'.repeat(2000));
    await expect(openDataset(at('text.tar'), 'train')).rejects.toThrow(
      'text.tar: expected a folder, a .tar or a .tar.gz archive, found a file of another kind',
    );
    const files = await imageFolder(['a'], 2, { size: 64 });
    const packed = await readFile(await writeTar(at('whole.tar.gz'), files));
    await writeFile(at('half.tar.gz'), packed.subarray(0, packed.length / 2));
    await expect(openDataset(at('half.tar.gz'), 'train')).rejects.toThrow(
      /half.tar.gz: the archive is damaged \(unexpected end of file\); fetch it again/,
    );
    const plain = await readFile(await writeTar(at('whole.tar'), files));
    await writeFile(at('half.tar'), plain.subarray(0, 20_000));
    await expect(openDataset(at('half.tar'), 'train')).rejects.toThrow(
      'half.tar: the archive ends too early, after 1 file; fetch it again',
    );
    const flipped = Uint8Array.from(plain);
    const second = Math.ceil(Object.values(files)[0].length / 512) * 512 + 512;
    flipped[second] ^= 1;
    await writeFile(at('flipped.tar'), flipped);
    await expect(openDataset(at('flipped.tar'), 'train')).rejects.toThrow(
      'flipped.tar: the archive is damaged after 1 file',
    );
  });
});

describe('CIFAR-10', () => {
  it('is read from the archive, its folder, and the files themselves', async () => {
    const files = cifar10Files(3);
    const expected = await contents(await writeTar(at('cifar.tar.gz'), files), 'train');
    expect(expected.images).toHaveLength(15);
    expect(expected.classes.slice(0, 2)).toEqual(['airplane', 'automobile']);
    // Record 4 is the second of data_batch_2: a label, then planes of red, green and blue.
    const record = files['cifar-10-batches-bin/data_batch_2.bin'].subarray(3073, 2 * 3073);
    const pixels = Buffer.from(expected.images[4][3] as string, 'base64');
    expect(expected.images[4].slice(0, 3)).toEqual([record[0], 32, 32]);
    expect([...pixels.subarray(33 * 3, 33 * 3 + 3)]).toEqual([
      record[1 + 33],
      record[1025 + 33],
      record[2049 + 33],
    ]);
    const place = await writeFolder(at('cifar'), files);
    expect(await contents(place, 'train')).toEqual(expected);
    expect(await contents(path.join(place, 'cifar-10-batches-bin'), 'train')).toEqual(expected);
    const dataset = await openDataset(place, 'test');
    expect([dataset.name, dataset.displayName, dataset.length]).toEqual(['cifar10', 'CIFAR-10', 3]);
    expect(dataset.describe(2)).toBe(`${path.join(place, 'cifar-10-batches-bin/test_batch.bin')}, image 2`);
  });

  it('by name is what was downloaded to the cache', async () => {
    const cacheDir = at('cache');
    await expect(openDataset('cifar10', 'train', { cacheDir })).rejects.toThrow(
      /cifar10: expected the downloaded archive .*cifar-10-binary.tar.gz, found none; run 'pushpull data cifar10'/,
    );
    await mkdir(cacheDir);
    await writeTar(path.join(cacheDir, 'cifar-10-binary.tar.gz'), cifar10Files(1));
    expect((await openDataset('cifar10', 'train', { cacheDir })).length).toBe(5);
  });

  it('is refused when files are missing or damaged', async () => {
    const files = { ...cifar10Files(1, '') };
    const place = await writeFolder(at('wrong label'), {
      ...files,
      'test_batch.bin': new Uint8Array(3073).fill(77),
    });
    await expect(openDataset(place, 'test')).rejects.toThrow(
      /test_batch.bin, image 0: expected a label from 0 to 9, found 77/,
    );
    await writeFile(path.join(place, 'test_batch.bin'), new Uint8Array(3000));
    await expect(openDataset(place, 'test')).rejects.toThrow(
      'expected records of 3073 bytes, found 3000 bytes in all',
    );
    await rm(path.join(place, 'data_batch_3.bin'));
    await expect(openDataset(place, 'train')).rejects.toThrow(
      'data_batch_3.bin is missing; fetch the archive again',
    );
  });
});

describe('MNIST', () => {
  it('is embedded in part, 32 × 32, grey in three channels, in a black frame', async () => {
    const dataset = await openDataset('mnist', 'test');
    expect([dataset.length, dataset.displayName]).toEqual([1500, 'MNIST (part)']);
    expect(dataset.describe(3)).toBe('MNIST (part) test image 3');
    // Compared with the whole set in Python: labels, order and every pixel.
    expect(Array.from({ length: 10 }, (_, i) => dataset.label(i))).toEqual([1, 4, 6, 7, 4, 1, 1, 1, 4, 4]);
    const { width, height, data } = await dataset.read(0);
    expect([width, height]).toEqual([32, 32]);
    let sum = 0;
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 32; x++) {
        const [r, g, b] = data.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3);
        expect([g, b]).toEqual([r, r]);
        if (x < 2 || y < 2 || x > 29 || y > 29) expect(r).toBe(0);
        sum += r;
      }
    }
    expect(sum).toBe(9871);
    expect((await openDataset('mnist', 'train')).length).toBe(9000);
  });

  it('is the whole set where its four files were downloaded, and names one that is damaged', async () => {
    const cacheDir = path.join(folder, 'mnist-cache');
    const place = mnistCacheFolder(cacheDir);
    const idx = (shape: readonly number[], values: Uint8Array) => {
      const head = Buffer.alloc(4 + 4 * shape.length);
      head.writeUInt32BE(0x800 + shape.length);
      shape.forEach((size, axis) => {
        head.writeUInt32BE(size, 4 + 4 * axis);
      });
      return gzipSync(Buffer.concat([head, values]));
    };
    const pixels = new Uint8Array(3 * 28 * 28).fill(200);
    await writeFolder(place, {
      'train-images-idx3-ubyte.gz': idx([3, 28, 28], pixels),
      'train-labels-idx1-ubyte.gz': idx([3], Uint8Array.of(7, 2, 1)),
      't10k-images-idx3-ubyte.gz': idx([3, 28, 28], pixels),
    });
    // Three of the four are no set yet.
    expect((await openDataset('mnist', 'train', { cacheDir })).displayName).toBe('MNIST (part)');
    const last = path.join(place, 't10k-labels-idx1-ubyte.gz');
    await writeFile(last, idx([2], Uint8Array.of(7, 2)));
    const train = await openDataset('mnist', 'train', { cacheDir });
    expect([train.displayName, train.length, train.label(1)]).toEqual(['MNIST', 3, 2]);
    await expect(openDataset('mnist', 'test', { cacheDir })).rejects.toThrow(
      `${last}: expected 3 labels from 0 to 9, found others; delete ${place} and run 'pushpull data mnist' again`,
    );
    await writeFile(last, 'no gzip');
    await expect(openDataset('mnist', 'test', { cacheDir })).rejects.toThrow(
      `${last}: expected a part of MNIST, found a damaged or missing file; delete ${place}`,
    );
  });
});

describe('--limit', () => {
  const labels = async (options: { limit: number; seed?: number }) => {
    const dataset = await openDataset('mnist', 'test', options);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < dataset.length; i++) counts[dataset.label(i)]++;
    const paths = Array.from({ length: dataset.length }, (_, i) => dataset.describe(i));
    return { counts, paths };
  };

  it('keeps the share of every class, by the seed, in the order of the data set', async () => {
    const hundred = await labels({ limit: 100 });
    // Shares of 147, 170, 155, 152, 147, 134, 144, 154, 146 and 151 in 1,500, largest remainders first.
    expect(hundred.counts).toEqual([10, 11, 10, 10, 10, 9, 10, 10, 10, 10]);
    expect(await labels({ limit: 100 })).toEqual(hundred);
    expect((await labels({ limit: 100, seed: 1 })).paths).not.toEqual(hundred.paths);
    const numbers = hundred.paths.map((text) => Number(text.split(' ').at(-1)));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(100);
    const larger = new Set((await labels({ limit: 1000 })).paths);
    expect(hundred.paths.every((text) => larger.has(text))).toBe(true);
  });

  it('takes all when it is larger, and refuses nonsense', async () => {
    expect((await openDataset('mnist', 'test', { limit: 20_000 })).length).toBe(1500);
    await expect(openDataset('mnist', 'test', { limit: 0 })).rejects.toThrow(
      '--limit: expected a whole number of images',
    );
  });
});

describe('decoding', () => {
  const raw = (channels: 1 | 3 | 4) =>
    sharp(
      Uint8Array.from({ length: 16 * channels }, (_, i) => i * 3),
      { raw: { width: 4, height: 4, channels } },
    );

  it('gives 8-bit RGB for grey, alpha, palette and 16 bit', async () => {
    const grey = await decodeImage(await raw(1).toColourspace('b-w').png().toBuffer());
    expect([...grey.data.subarray(0, 6)]).toEqual([0, 0, 0, 3, 3, 3]);
    const alpha = await decodeImage(await raw(4).png().toBuffer());
    expect([...alpha.data.subarray(0, 6)]).toEqual([0, 3, 6, 12, 15, 18]);
    const palette = await decodeImage(await raw(3).png({ palette: true, dither: 0 }).toBuffer());
    expect(palette.data.length).toBe(48);
    const deep = await sharp(
      Uint16Array.from({ length: 48 }, (_, i) => i * 1000),
      { raw: { width: 4, height: 4, channels: 3 } },
    )
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const { data } = await decodeImage(deep);
    expect([...data.subarray(0, 3)]).toEqual([0, 1000 >> 8, 2000 >> 8]);
  });

  it('leaves the orientation of a camera alone', async () => {
    const turned = await sharp(await picture('turned', 6, 4, 'jpeg'))
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const { width, height } = await decodeImage(turned);
    expect([width, height]).toEqual([6, 4]);
  });

  it('says what is wrong with other files', async () => {
    const bytes = Uint8Array.from(await picture('damaged', 64, 64));
    bytes.fill(0, 100, 5000);
    await expect(decodeImage(bytes)).rejects.toThrow('its PNG data is damaged');
    await expect(decodeImage(new Uint8Array())).rejects.toThrow('the file is empty');
    await expect(decodeImage(new Uint8Array(50))).rejects.toThrow('it is in no image format that is known');
  });

  it('does not patch up what is truncated', async () => {
    for (const type of ['jpeg', 'png'] as const) {
      const bytes = await picture('cut', 64, 64, type);
      await expect(decodeImage(bytes.subarray(0, bytes.length * 0.6)), type).rejects.toThrow(
        `its ${type.toUpperCase()} data ends too early`,
      );
    }
  });
});
