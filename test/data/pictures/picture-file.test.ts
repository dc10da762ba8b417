import { expect, it } from 'vitest';
import { createPipeline } from '../../../src/data/loader/pipeline.ts';
import { squareCrop } from '../../../src/data/pictures/picture-file.ts';
import { createImage } from '../../../src/image/image.ts';
import { randomStream } from '../../../src/random/random.ts';

// Odd differences, whose half is rounded to the even side, and a size that is already the wanted one.
it.each([
  [75, 97],
  [107, 60],
  [61, 109],
  [224, 224],
  [300, 451],
])('a square is cut from %i × %i pixels as an evaluation cuts it', async (width, height) => {
  const image = createImage(width, height);
  const random = randomStream('picture', width, height);
  for (let i = 0; i < image.data.length; i++) image.data[i] = random.int(0, 256);
  const { apply } = await createPipeline([
    { kind: 'resize', shortSide: 256 },
    { kind: 'centerCrop', size: 224 },
  ]);
  expect(squareCrop(image, 224)).toEqual(apply(image, { seed: 0, epoch: 0, index: 0 }));
});
