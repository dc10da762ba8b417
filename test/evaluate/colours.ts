/** An image folder that a {@link tinyModel} can classify: pictures that are more red, green or blue, some hardly so. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { randomStream } from '../../src/random/random.ts';
import { tinyModel } from './tiny-model.ts';

export const COLOURS = ['blue', 'green', 'red'] as const;
const CHANNEL = { red: 0, green: 1, blue: 2 };
const SIZE = 16;

/** Writes `count` PNG files a class into `folder/test/<class>`. Image 0 of each is the clearest. */
export async function writeColours(
  folder: string,
  count: number,
  { width, height } = { width: SIZE, height: SIZE },
): Promise<void> {
  for (const colour of COLOURS) {
    const directory = path.join(folder, 'test', colour);
    await mkdir(directory, { recursive: true });
    for (let index = 0; index < count; index++) {
      const random = randomStream('colours', colour, index);
      const pixels = new Uint8Array(width * height * 3);
      const lead = Math.round(12 / (1 + index));
      for (let at = 0; at < pixels.length; at++) {
        pixels[at] = 110 + random.int(-60, 61) + (at % 3 === CHANNEL[colour] ? lead : 0);
      }
      const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      await writeFile(path.join(directory, `${String(index).padStart(3, '0')}.png`), png);
    }
  }
}

/** A model whose logits are the means of blue, green and red: the folder's classes in order. */
export function colourModel(): Uint8Array {
  return tinyModel({ input: ['N', 3, SIZE, SIZE], weight: [0, 0, 1, 0, 1, 0, 1, 0, 0] });
}
