/** One image under every corruption: what the networks were shown. */
import {
  BENCHMARK_CORRUPTIONS,
  CORRUPTION_GROUPS,
  type CorruptionName,
  corrupt,
  type ParameterSet,
  type Severity,
} from '../corrupt/index.ts';
import type { Image } from '../image/image.ts';
import { openSvg, type Svg } from './charts/render.ts';
import { escapeHtml, shortName } from './format.ts';
import { embeddedSize, pictureUri } from './pictures.ts';
import { COLORS } from './theme.ts';

export interface SampleStrip {
  readonly original: Image;
  readonly severities: readonly Severity[];
  readonly cells: readonly { readonly corruption: CorruptionName; readonly images: readonly Image[] }[];
  /** What the picture is, for the caption: "test image 12 of CIFAR-10, class ship". */
  readonly caption: string;
}

export interface SampleOptions {
  readonly set: ParameterSet;
  readonly seed: number;
  /** Of the image in its data set: keys the random streams as in the evaluation. */
  readonly index: number;
  readonly severities?: readonly Severity[];
  readonly frost?: readonly Image[];
  readonly caption: string;
}

/** Applies the 15 corruptions of the benchmark to one image, exactly as the evaluation does for the same index. */
export function makeSampleStrip(original: Image, options: SampleOptions): SampleStrip {
  const { set, seed, index, severities = [1, 3, 5], frost, caption } = options;
  return {
    original,
    severities,
    caption,
    cells: BENCHMARK_CORRUPTIONS.map((corruption) => ({
      corruption,
      images: severities.map((severity) =>
        corrupt(original, { corruption, severity, set, seed, index, frost }),
      ),
    })),
  };
}

/** The same strip with every image as a data URI. */
export interface EncodedStrip {
  readonly caption: string;
  readonly severities: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly original: string;
  readonly groups: readonly {
    readonly name: string;
    readonly corruptions: readonly { readonly name: string; readonly images: readonly string[] }[];
  }[];
}

export async function encodeStrip(strip: SampleStrip): Promise<EncodedStrip> {
  const byName = new Map<string, readonly Image[]>(
    strip.cells.map(({ corruption, images }) => [corruption, images]),
  );
  const groups = await Promise.all(
    (['noise', 'blur', 'weather', 'digital'] as const).map(async (name) => ({
      name,
      corruptions: await Promise.all(
        CORRUPTION_GROUPS[name]
          .filter((corruption) => byName.has(corruption))
          .map(async (corruption) => ({
            name: corruption,
            images: await Promise.all(byName.get(corruption)!.map(pictureUri)),
          })),
      ),
    })),
  );
  return {
    caption: strip.caption,
    severities: strip.severities,
    ...embeddedSize(strip.original),
    original: await pictureUri(strip.original),
    groups: groups.filter(({ corruptions }) => corruptions.length > 0),
  };
}

/** Side of a picture on the sheet, pixels. */
const SIDE = 64;
const GAP = 4;
const GROUP_GAP = 16;

/** The strip as one picture: a column a corruption, a row a severity, the original at the left. */
export function sampleSheet(strip: EncodedStrip, title?: string): Svg {
  const top = (title ? 34 : 0) + 18;
  const parts: string[] = [];
  const image = (href: string, x: number, y: number) =>
    `<image href="${href}" x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" ` +
    `preserveAspectRatio="xMidYMid meet" image-rendering="${strip.width < SIDE ? 'optimizeSpeed' : 'auto'}"/>`;
  const text = (x: number, y: number, words: string, anchor = 'middle') =>
    `<text x="${x}" y="${y}" font-size="11" text-anchor="${anchor}" fill="${COLORS.muted}">${escapeHtml(words)}</text>`;

  parts.push(text(SIDE / 2, top - 6, 'Original'), image(strip.original, 0, top));
  let x = SIDE + GROUP_GAP + 12;
  for (const [row, severity] of strip.severities.entries()) {
    parts.push(text(x - 8, top + row * (SIDE + GAP) + SIDE / 2 + 4, String(severity), 'end'));
  }
  for (const group of strip.groups) {
    for (const corruption of group.corruptions) {
      parts.push(text(x + SIDE / 2, top - 6, shortName(corruption.name)));
      for (const [row, href] of corruption.images.entries())
        parts.push(image(href, x, top + row * (SIDE + GAP)));
      x += SIDE + GAP;
    }
    x += GROUP_GAP - GAP;
  }
  const width = x - GROUP_GAP;
  const height = top + strip.severities.length * (SIDE + GAP) - GAP;
  const heading = title
    ? `<text x="0" y="14" font-size="15" font-weight="600" fill="${COLORS.ink}">${escapeHtml(title)}</text>`
    : '';
  return {
    text: `${openSvg(width, height, strip.caption)}<rect width="${width}" height="${height}" fill="${COLORS.paper}"/>${heading}${parts.join('')}</svg>`,
    width,
    height,
  };
}
