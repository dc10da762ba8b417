/** What neither file nor options tell of a model and a sample may show: where its channels are, which output is which number. */
import { UserError } from '../../errors.ts';
import { decodeModel } from '../../onnx/model.ts';
import { plural } from '../../words.ts';
import { CLASS_ORDERS, outputsInOrder } from '../model/labels/class-order.ts';
import { imageInput, isFixed, type PreprocessingFlags } from '../model/preprocessing.ts';
import { betterBy, CERTAIN, LIKELY, rights } from './choose.ts';
import { type Change, orderChange } from './readings.ts';
import { answersTo, type Subject, type Understood, understand } from './understand.ts';

export interface Found {
  readonly understood: Understood;
  /** What was found, in words. */
  readonly adopted: string;
}

/** Images that are looked at. */
const IMAGES = 64;

/**
 * Tries what is unknown. Something is found where one way alone works, or where one is right far more often than by
 * chance (p ≤ {@link CERTAIN}) and than every other (p ≤ {@link LIKELY}).
 *
 * @returns undefined where nothing was unknown or nothing is certain
 */
export async function findUnknown(subject: Subject, flags: PreprocessingFlags): Promise<Found | undefined> {
  return (
    (await tryAll(subject, flags, layouts(subject, flags))) ??
    (await tryAll(subject, flags, numbers(subject, flags)))
  );
}

function layouts({ source }: Subject, flags: PreprocessingFlags): Change[] {
  if (flags.layout !== undefined || source.card) return [];
  const { shape } = imageInput(decodeModel(source.bytes, source.model.file), source.model.file);
  const alike = isFixed(shape[1]) || isFixed(shape[3]) ? shape[1] === shape[3] : true;
  if (!alike) return [];
  return (['NCHW', 'NHWC'] as const).map((layout) => ({
    kind: 'layout',
    flags: { layout },
    option: `--layout ${layout}`,
    words: layout === 'NCHW' ? 'channels first' : 'channels last',
  }));
}

/** Of a model of more outputs than classes, which are called by numbers. */
function numbers({ test, source }: Subject, flags: PreprocessingFlags): Change[] {
  if (flags.classOrder !== undefined || source.names?.from === 'file') return [];
  const orders = CLASS_ORDERS.filter((order) => order.startsWith('number'));
  return orders
    .filter((order) => outputsInOrder(order, test.classes, Number.MAX_SAFE_INTEGER) !== undefined)
    .map(orderChange);
}

interface Tried {
  readonly change: Change;
  readonly understood: Understood;
  readonly changes: Readonly<Record<string, string>>;
  readonly right: readonly boolean[];
}

async function tryAll(
  subject: Subject,
  flags: PreprocessingFlags,
  changes: readonly Change[],
): Promise<Found | undefined> {
  const tried: Tried[] = [];
  let best: Tried | undefined;
  try {
    for (const change of changes) {
      const understood = await understand(subject, { ...flags, ...change.flags }).catch((error) => {
        if (error instanceof UserError) return undefined;
        throw error;
      });
      if (!understood) continue;
      const { labels, predicted } = await answersTo(subject, understood, IMAGES);
      const right = Array.from(predicted, (label, image) => label === labels[image]);
      tried.push({ change, understood, right, changes: { [change.kind]: change.option } });
    }
    best = certainOne(tried, subject.test.classes.length);
    if (!best) return undefined;
    const { change, understood, right } = best;
    const others = tried.filter((one) => one !== best);
    const why =
      others.length === 0 && change.kind === 'layout'
        ? 'only so does it run'
        : `right on ${rights(best)} of ${plural(right.length, 'sample image')}` +
          others.map((one) => `, on ${rights(one)} with ${one.change.words}`).join('');
    return {
      understood,
      adopted: `${change.words}, of which nothing tells: ${why}; ${change.option} says so`,
    };
  } finally {
    for (const one of tried) if (one !== best) await one.understood.opened.close();
  }
}

function certainOne(tried: readonly Tried[], classes: number): Tried | undefined {
  if (tried.length === 1 && tried[0].change.kind === 'layout') return tried[0];
  const [best, ...others] = [...tried].sort((a, b) => rights(b) - rights(a));
  if (!best || byChance(best.right.length, rights(best), 1 / classes) > CERTAIN) return undefined;
  return others.every((other) => betterBy(other, best) * tried.length <= LIKELY) ? best : undefined;
}

/** Probability of so many right answers or more by chance: the upper tail of a binomial distribution. */
export function byChance(images: number, right: number, chance: number): number {
  let term = (1 - chance) ** images;
  let above = 0;
  for (let k = 0; k <= images; k++) {
    if (k >= right) above += term;
    term *= ((images - k) / (k + 1)) * (chance / (1 - chance));
  }
  return Math.min(1, above);
}
