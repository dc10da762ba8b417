import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { augment } from '../../src/augment/augment.ts';
import { centerCrop, crop, randomCrop } from '../../src/augment/crop.ts';
import { horizontalFlip } from '../../src/augment/flip.ts';
import { createPipeline } from '../../src/data/loader/pipeline.ts';
import type { Transform } from '../../src/data/transform.ts';
import { createImage, type Image } from '../../src/image/image.ts';
import { randomStream } from '../../src/random/random.ts';

interface Stored {
  width: number;
  height: number;
  data: string;
}

/** By torchvision: test/fixtures/data/make_transforms.py */
const expected = JSON.parse(
  readFileSync(new URL('../fixtures/data/transforms.json', import.meta.url), 'utf8'),
) as {
  image: Stored;
  flipped: Stored;
  crops: { top: number; left: number; size: number; padding: number; result: Stored }[];
  centers: { size: number; input: Stored; result: Stored }[];
  resizes: { shortSide: number; input: Stored; result: Stored }[];
  normalized: { mean: [number, number, number]; std: [number, number, number]; data: string };
};

function load({ width, height, data }: Stored): Image {
  return createImage(width, height, new Uint8Array(Buffer.from(data, 'base64')));
}

const image = load(expected.image);
const key = { seed: 1, epoch: 2, index: 3 };

async function apply(transforms: Transform[], input: Image = image, at = key): Promise<Image> {
  return (await createPipeline(transforms)).apply(input, at);
}

describe('geometry is that of torchvision', () => {
  it.each(expected.crops)('crop at $top, $left in a black frame', ({ top, left, size, padding, result }) => {
    expect(crop(image, left - padding, top - padding, size, size)).toEqual(load(result));
    // A random crop that draws this position: rows first.
    const drawn = [top, left];
    const random = { ...randomStream(0), int: () => drawn.shift()! };
    expect(randomCrop(image, { size, padding }, random)).toEqual(load(result));
  });

  it('flip', () => {
    expect(horizontalFlip(image)).toEqual(load(expected.flipped));
  });

  it.each(expected.centers)('centre crop of $size', async ({ size, input, result }) => {
    expect(centerCrop(load(input), size)).toEqual(load(result));
    expect(await apply([{ kind: 'centerCrop', size }], load(input))).toEqual(load(result));
  });

  it.each(expected.resizes)('short side to $shortSide', async ({ shortSide, input, result }) => {
    expect(await apply([{ kind: 'resize', shortSide }], load(input))).toEqual(load(result));
  });
});

describe('writing pixels', () => {
  const { mean, std, data } = expected.normalized;
  const wanted = new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
  const pixels = image.width * image.height;

  it('normalises as torchvision does, to the last bit', async () => {
    const pipeline = await createPipeline([{ kind: 'normalize', mean, std }]);
    const out = new Float32Array(image.data.length);
    pipeline.write(image, out, key);
    expect(out).toEqual(wanted);
  });

  it('knows both layouts and both types', async () => {
    const out = new Float32Array(image.data.length);
    const nhwc = { kind: 'layout', layout: 'NHWC', dtype: 'float32' } as const;
    (await createPipeline([{ kind: 'normalize', mean, std }, nhwc])).write(image, out, key);
    expect([0, 1, 2].map((channel) => out[5 * 3 + channel])).toEqual(
      [0, 1, 2].map((channel) => wanted[channel * pixels + 5]),
    );
    const bytes = new Uint8Array(image.data.length);
    (await createPipeline([{ ...nhwc, dtype: 'uint8' }])).write(image, bytes, key);
    expect(bytes).toEqual(image.data);
    (await createPipeline([{ kind: 'layout', layout: 'NCHW', dtype: 'uint8' }])).write(image, bytes, key);
    expect(bytes[pixels + 7]).toBe(image.data[7 * 3 + 1]);
    // Without normalisation, levels become [0, 1].
    (await createPipeline([])).write(image, out, key);
    expect(out[0]).toBe(Math.fround(image.data[0] / 255));
  });

  it('refuses an order that cannot be', async () => {
    const layout = { kind: 'layout', layout: 'NCHW', dtype: 'uint8' } as const;
    await expect(createPipeline([layout, { kind: 'randomHorizontalFlip' }])).rejects.toThrow(
      'after all transforms',
    );
    await expect(createPipeline([{ kind: 'normalize', mean, std }, layout])).rejects.toThrow('found uint8');
  });
});

describe('random draws', () => {
  const cropAndFlip: Transform[] = [
    { kind: 'randomCrop', size: 10, padding: 4 },
    { kind: 'randomHorizontalFlip' },
  ];

  it('are keyed by seed, epoch and image', async () => {
    const same = await apply(cropAndFlip);
    expect(await apply(cropAndFlip)).toEqual(same);
    // Any one of the keys changes them: over ten values of it, several crops are seen.
    for (const changed of ['seed', 'epoch', 'index'] as const) {
      const seen = new Set<string>();
      for (let value = 0; value < 10; value++) {
        seen.add(
          Buffer.from((await apply(cropAndFlip, image, { ...key, [changed]: value })).data).toString(
            'base64',
          ),
        );
      }
      expect(seen.size, changed).toBeGreaterThan(5);
    }
  });

  it('reach every position, and flip half of the images', async () => {
    const spots = createImage(4, 4);
    for (let i = 0; i < 16; i++) spots.data[i * 3] = i + 1;
    const corners = new Set<number>();
    let flips = 0;
    const count = 2000;
    for (let index = 0; index < count; index++) {
      const at = { ...key, index };
      corners.add((await apply([{ kind: 'randomCrop', size: 2, padding: 0 }], spots, at)).data[0]);
      if ((await apply([{ kind: 'randomHorizontalFlip' }], spots, at)).data[0] === 4) flips++;
    }
    expect([...corners].sort((a, b) => a - b)).toEqual([1, 2, 3, 5, 6, 7, 9, 10, 11]);
    // Five standard deviations of a fair coin; the seed is fixed, so this passes always or never.
    expect(Math.abs(flips - count / 2)).toBeLessThan(5 * Math.sqrt(count / 4));
  });

  it('vary images as the augmentation does, with a stream of its own for each place among the transforms', async () => {
    const results: Image[] = [];
    for (let index = 0; index < 10; index++) {
      const at = { ...key, index };
      const random = randomStream('augment', key.seed, key.epoch, index, 0);
      const wanted = augment(image, 'trivialaugment', random);
      results.push(await apply([{ kind: 'augment', name: 'trivialaugment' }], image, at));
      expect(results[index]).toEqual(wanted);
      const twice: Transform[] = [
        { kind: 'augment', name: 'trivialaugment' },
        { kind: 'augment', name: 'augmix' },
      ];
      const second = randomStream('augment', key.seed, key.epoch, index, 1);
      expect(await apply(twice, image, at)).toEqual(augment(wanted, 'augmix', second));
    }
    expect(new Set(results.map(({ data }) => data.join())).size).toBeGreaterThan(5);
  });

  it('refuse an image that is too small to crop from', async () => {
    await expect(apply([{ kind: 'randomCrop', size: 32, padding: 4 }])).rejects.toThrow(
      'expected an image of at least 24 × 24 pixels to crop 32 × 32 from, found 12 × 10; enlarge the images first',
    );
  });
});
