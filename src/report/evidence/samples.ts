/** One image under every corruption: what the networks were shown. */
import {
  BENCHMARK_CORRUPTIONS,
  CORRUPTION_GROUPS,
  type CorruptionName,
  corrupt,
  type ParameterSet,
  type Severity,
} from '../../corrupt/index.ts';
import type { Image } from '../../image/image.ts';
import { embeddedSize, pictureUri } from './pictures.ts';

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
