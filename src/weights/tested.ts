/** How the images were prepared on which the makers of weights tested them. */
import type { Dialect } from './dialects.ts';

/** Short side before the centre crop, in pixels, and how it is reached. */
export interface TestedSize {
  readonly resize: number;
  readonly interpolation: 'bilinear' | 'bicubic';
  /** Whose weights, for people. */
  readonly of: string;
  /** Whether the file itself was recognised; else this is what its makers usually do. */
  readonly known: boolean;
}

type Entry = readonly [
  of: string,
  resize: number,
  interpolation: TestedSize['interpolation'],
  hashes: string,
];

/**
 * By the first eight digits of a file's SHA-256, which its makers write into its name. From torchvision 0.20 (`_transforms`
 * of each entry's weights) and timm 1.0 (`default_cfgs` at 224 pixels: the side is 224 / crop_pct, rounded down); entries
 * of 256 and bilinear are left out, as that is the rule below.
 */
const PUBLISHED: readonly Entry[] = [
  ['torchvision, IMAGENET1K_V2', 232, 'bilinear', '11ad3fa6 cd907fc2 f82ba261'],
  ['torchvision, IMAGENET1K_V1 of EfficientNet-B0', 256, 'bicubic', '7f5810bc'],
  ['timm, EfficientNet-B0 (ra)', 256, 'bicubic', '3dd342df'],
  ['timm, "ResNet strikes back" ResNet-18', 235, 'bicubic', 'd63eafa0 b61bd467 40c531c8'],
  ['timm, "ResNet strikes back" ResNet-34', 235, 'bicubic', '46f8f793 82d47d71 a20cabb6'],
  [
    'timm, "ResNet strikes back" ResNet-50',
    235,
    'bicubic',
    '14fe96d1 a2746f79 59cae1ef 532a802a 1ba180c1 5ba5e060 d01e05b2 f39db8af',
  ],
  ['timm, "ResNet strikes back" ResNet-50 (a1h)', 224, 'bicubic', '001a1197'],
  ['timm, "ResNet strikes back" ResNet-101', 235, 'bicubic', '36d3f2aa cdcb52a9 6edb36c7 1db14157'],
  ['timm, "ResNet strikes back" ResNet-152', 235, 'bicubic', 'dc400468 2eee8a7a b4c6978f 134d4688'],
  ['timm, ResNet-34 (bt)', 256, 'bicubic', '43635321'],
  ['timm, ResNet-50 (ram, am, ra, bt)', 256, 'bicubic', 'a26f946b 6c502b37 85ebb6e5 86acaeed'],
  ['Gluon', 256, 'bicubic', '0757602b c6d82d59 0ebe02e2 3b017079 c1edb0dd'],
];

/** Where nothing else is known: torchvision, timm and antialiased-cnns shrink the short side to 256 and cut out 224. */
const USUAL = 256;

/**
 * The short side with which weights of images of 224 pixels were tested; undefined for those of the reference
 * implementation, which follow the paper.
 *
 * @param sha256 of the file, in hexadecimal
 */
export function testedSize({
  sha256,
  dialect,
}: {
  sha256: string;
  dialect: Dialect;
}): TestedSize | undefined {
  const found = PUBLISHED.find(([, , , hashes]) => hashes.split(' ').includes(sha256.slice(0, 8)));
  if (found) {
    const [of, resize, interpolation] = found;
    return { of, resize, interpolation, known: true };
  }
  const { tested } = dialect;
  if (tested === 'paper') return undefined;
  return { of: dialect.name, resize: USUAL, interpolation: tested ?? 'bilinear', known: false };
}
