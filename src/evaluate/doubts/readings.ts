/** Other ways to read a model than the assumed one, which its user may have meant. */

import type { Preprocessing } from '../../models/card.ts';
import { type ClassOrder, ORDER_WORDS } from '../model/labels/class-order.ts';
import type { ModelFile } from '../model/model-file.ts';
import type { PreprocessingFlags } from '../model/preprocessing.ts';

/** One thing that is read otherwise, as an option says it. */
export interface Change {
  readonly kind: 'channels' | 'scale' | 'normalisation' | 'layout' | 'classes';
  readonly flags: Partial<PreprocessingFlags>;
  /** The options that say so. */
  readonly option: string;
  /** The reading in words, a noun or an adverb. */
  readonly words: string;
  /** The option that keeps what was assumed; undefined where that was told. */
  readonly keep?: string;
}

export const BLUE_FIRST: Change = {
  kind: 'channels',
  flags: { channels: 'bgr' },
  option: '--channels bgr',
  words: 'blue first',
  keep: '--channels rgb',
};

const RED_FIRST: Change = {
  kind: 'channels',
  flags: { channels: 'rgb' },
  option: '--channels rgb',
  words: 'red first',
};

export const PIXEL_VALUES: Change = {
  kind: 'scale',
  flags: { scale: '0-255' },
  option: '--scale 0-255',
  words: 'mean and standard deviation as those of pixel values of 0 to 255',
  keep: '--scale 0-1',
};

export function orderChange(order: ClassOrder): Change {
  return {
    kind: 'classes',
    flags: { classOrder: order },
    option: `--class-order ${order}`,
    words: ORDER_WORDS[order],
    keep: '--class-order data',
  };
}

/** What was assumed of the images for lack of an option, a card or a configuration that says so. */
export function assumedOfImages(
  { card, declared }: ModelFile,
  flags: PreprocessingFlags,
  { dtype, channels }: Preprocessing,
): Change[] {
  if (card) return [];
  const told = flags.mean !== undefined && flags.std !== undefined;
  const named = flags.channels ?? declared?.known.channels ?? channels;
  const assumesRed = named === undefined;
  return [
    ...(assumesRed ? [BLUE_FIRST] : []),
    ...(flags.scale === undefined && told && dtype === 'float32' ? [PIXEL_VALUES] : []),
  ];
}

type Values = readonly [number, number, number];

/** Normalisations in wide use, as options. */
const USUAL: readonly {
  readonly scale?: '0-255';
  readonly mean: Values;
  readonly std: Values;
  words: string;
}[] = [
  { mean: [0, 0, 0], std: [1, 1, 1], words: 'values in 0 to 1' },
  { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], words: 'values in -1 to 1' },
  {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    words: "torchvision's mean and standard deviation",
  },
  { scale: '0-255', mean: [0, 0, 0], std: [1, 1, 1], words: 'plain pixel values' },
];

/**
 * What else somebody may have meant who told something: never taken, but told where it is much better.
 */
export function usualOthers(preprocessing: Preprocessing): Change[] {
  const { mean, std, dtype, channels } = preprocessing;
  if (channels === 'grey') return [];
  const others = [channels === 'bgr' ? RED_FIRST : BLUE_FIRST];
  if (dtype !== 'float32') return others;
  const key = (values: { readonly mean: Values; readonly std: Values; readonly scale?: string }) => {
    const unit = values.scale === '0-255' ? 255 : 1;
    return [...values.mean, ...values.std].map((value) => (value / unit).toPrecision(5)).join();
  };
  const normalised = USUAL.filter((usual) => key(usual) !== key({ mean, std })).map(
    ({ words, ...values }): Change => {
      const own = (list: Values): [number, number, number] =>
        channels === 'bgr' ? [list[2], list[1], list[0]] : [...list];
      const [ownMean, ownStd] = [own(values.mean), own(values.std)];
      const short = (list: Values) => (new Set(list).size === 1 ? String(list[0]) : list.join(','));
      const scale = values.scale ?? '0-1';
      return {
        kind: 'normalisation',
        flags: { mean: ownMean, std: ownStd, scale },
        option: `${values.scale ? '--scale 0-255 ' : ''}--mean ${short(ownMean)} --std ${short(ownStd)}`,
        words,
      };
    },
  );
  return [...others, ...normalised];
}
