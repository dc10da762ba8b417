/** How a model is read: as assumed, unless a sample of the data shows that this cannot be meant; and what looks wrong. */
import type { OnnxEngine } from '../../engine/engine.ts';
import { UserError } from '../../errors.ts';
import { plural } from '../../words.ts';
import { otherOrders } from '../model/labels/class-order.ts';
import type { PreprocessingFlags } from '../model/preprocessing.ts';
import { batchDoubts } from './batch.ts';
import { betterBy, chooseReading, LIKELY, rights, type Trial } from './choose.ts';
import { rangeDoubts } from './range.ts';
import { assumedOfImages, type Change, orderChange, usualOthers } from './readings.ts';
import { answersTo, type SampleAnswers, type Subject, type Understood, understand } from './understand.ts';
import { byChance, findUnknown } from './unknown.ts';

/** Images that are looked at, and those where these leave it open. */
const IMAGES = [64, 256] as const;
/** Fewer wrong answers than these cannot make another reading likelier. */
const FEWEST_WRONG = 10;
/** Of fewer images, chance alone says little. */
const FEWEST_TO_JUDGE = 50;
/** As many images of other classes must have got the one answer that all have. */
const FEWEST_OTHERS = 8;

/** As many right answers come by chance with more than this probability. */
const UNREMARKABLE = 0.05;
/** A session takes at most so many times the bytes of its file, two of them half as many. */
const ROOM = 8;

/** A reading that was tried. */
interface Tried extends Trial {
  readonly list: readonly Change[];
  readonly answers: SampleAnswers;
}

/**
 * Opens a model as the options say, and where they leave something to be assumed, tries on some images of the data
 * whether that was right. See docs/decisions/any-model.md for what is certain.
 *
 * What is read otherwise, and what looks wrong, stands in the reading of the classifier's model.
 *
 * @throws UserError if model, data and options do not fit together
 */
export async function examine(subject: Subject): Promise<Understood> {
  const flags = subject.options.preprocessing ?? {};
  const { understood: first, adopted } = await openAssumed(subject, flags);
  let last = first;
  try {
    const doubts: string[] = [];
    if (first.classifier.model.reading.classes.from !== 'card') {
      doubts.push(...rangeDoubts(flags));
      const found = await findReading(subject, first);
      adopted.push(...found.adopted);
      doubts.push(...found.doubts);
      if (found.flags) {
        last = await understand(subject, found.flags);
        await first.opened.close();
      }
      doubts.push(...(await batchDoubts(last.classifier, last.sample)));
    }
    return withWords(last, adopted, doubts);
  } catch (error) {
    await last.opened.close();
    throw error;
  }
}

async function openAssumed(subject: Subject, flags: PreprocessingFlags) {
  try {
    return { understood: await understand(subject, flags), adopted: [] as string[] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const found = await findUnknown(subject, flags);
    if (!found) throw error;
    return { understood: found.understood, adopted: [found.adopted] };
  }
}

function withWords(
  understood: Understood,
  adopted: readonly string[],
  doubts: readonly string[],
): Understood {
  const { model } = understood.classifier;
  const all = [...new Set([...(model.reading.adopted ?? []), ...adopted])];
  const looksWrong = [...(model.reading.doubts ?? []), ...doubts];
  const reading = {
    ...model.reading,
    ...(all.length > 0 && { adopted: all }),
    ...(looksWrong.length > 0 && { doubts: looksWrong }),
  };
  return { ...understood, classifier: { ...understood.classifier, model: { ...model, reading } } };
}

interface FoundReading {
  /** The options of another reading, where it is certain. */
  readonly flags?: PreprocessingFlags;
  readonly adopted: readonly string[];
  readonly doubts: readonly string[];
}

async function findReading(subject: Subject, first: Understood): Promise<FoundReading> {
  let trials: Tried[] = [];
  let looked = 0;
  let choice: ReturnType<typeof chooseReading<Tried>> | undefined;
  for (const count of IMAGES) {
    const available = subject.test.images(subject.test.clean ? 'clean' : subject.test.cells[0]);
    if (choice && (!choice.open || available <= trials[0].right.length)) break;
    looked = count;
    trials = await tryAssumed(subject, first, count);
    choice = chooseReading(trials, trials[0].answers.labels);
  }
  const { chosen, likelier } = choice!;
  const doubts: string[] = [];
  const images = chosen.right.length;
  if (likelier) {
    doubts.push(
      `with ${words(likelier)} the model is right on ${rights(likelier)} of ${plural(images, 'sample image')} instead of ` +
        `${rights(chosen)}; ${options(likelier)} reads it so`,
    );
  }
  const order = undecidedNumbers(trials, chosen, subject.test.classes.length);
  if (order && !likelier?.changes.classes) doubts.push(order);
  doubts.push(...notFinite(chosen.answers));
  const suspicious = answersAlike(subject, chosen.answers) ?? likeChance(subject, chosen);
  if (suspicious && !likelier) {
    const other = await findUsual(subject, first, { chosen, images: looked });
    doubts.push(other ? `${suspicious}; ${other}` : suspicious);
  }
  if (chosen === trials[0]) return { adopted: [], doubts };
  const keep = chosen.list.flatMap((change) => change.keep ?? []).join(' ');
  return {
    flags: withChanges(first.flags, chosen.list),
    adopted: [
      `${words(chosen)}: right on ${rights(chosen)} of ${plural(images, 'sample image')}, as assumed at first on ` +
        `${rights(trials[0])}; ${options(chosen)} says so, ${keep} keeps what was assumed`,
    ],
    doubts,
  };
}

const words = ({ list }: Tried): string => list.map((change) => change.words).join(', and ');
const options = ({ list }: Tried): string => list.map(({ option }) => option).join(' ');

function withChanges(flags: PreprocessingFlags, list: readonly Change[]): PreprocessingFlags {
  return Object.assign({}, flags, ...list.map((change) => change.flags));
}

/** The assumed reading, and all that differ from it in what was assumed. */
async function tryAssumed(subject: Subject, first: Understood, count: number): Promise<Tried[]> {
  const answers = await answersTo(subject, first, count);
  const trials = inOrders(subject, first, [], answers);
  const wrong = answers.labels.length - rights(trials[0]);
  if (wrong < FEWEST_WRONG || !hasRoomForTwo(subject)) return trials;
  const changes = assumedOfImages(subject.source, first.flags, first.opened.preprocessing);
  for (const list of subsets(changes)) {
    if (list.length > 0) trials.push(...(await tryChanges(subject, first, list, count)));
  }
  return trials;
}

/** Whether a second session of the model fits beside the first: what its weights take, several times over. */
function hasRoomForTwo({ engine, source }: Subject): boolean {
  const { limits } = engine as Partial<OnnxEngine>;
  return limits === undefined || ROOM * source.bytes.length <= limits.bytes;
}

async function tryChanges(
  subject: Subject,
  first: Understood,
  list: readonly Change[],
  count: number,
): Promise<Tried[]> {
  let understood: Understood;
  try {
    understood = await understand(subject, withChanges(first.flags, list));
  } catch (error) {
    // It does not run so: no reading.
    if (error instanceof UserError) return [];
    throw error;
  }
  try {
    return inOrders(subject, understood, list, await answersTo(subject, understood, count));
  } finally {
    await understood.opened.close();
  }
}

function subsets<T>([first, ...rest]: readonly T[]): T[][] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((some) => [some, [first, ...some]]);
}

/** The same answers with the classes in other orders, where their order was assumed. */
function inOrders(
  { test }: Subject,
  { classifier }: Understood,
  list: readonly Change[],
  answers: SampleAnswers,
): Tried[] {
  const tried = (changes: readonly Change[], outputs?: readonly number[]): Tried => ({
    list: changes,
    changes: Object.fromEntries(changes.map(({ kind, option }) => [kind, option])),
    answers,
    right: Array.from(
      answers.labels,
      (label, image) => answers.predicted[image] === (outputs?.[label] ?? label),
    ),
  });
  const { from } = classifier.model.reading.classes;
  if (from !== 'data order') return [tried(list)];
  const { classes } = test;
  // In the data's order, the number of an answer is that of the output.
  return [
    tried(list),
    ...otherOrders(classes, classes.length).map(({ order, outputs }) =>
      tried([...list, orderChange(order)], outputs),
    ),
  ];
}

/** Numbers as names, in an order that neither convention nor sample settles. */
function undecidedNumbers(trials: readonly Tried[], chosen: Tried, classes: number): string | undefined {
  const images = Object.entries(chosen.changes).filter(([kind]) => kind !== 'classes');
  const option = orderChange('number').option;
  const byNumber = trials.find(
    ({ changes }) =>
      changes.classes === option &&
      Object.keys(changes).length === images.length + 1 &&
      images.every(([kind, value]) => changes[kind] === value),
  );
  if (!byNumber || chosen.changes.classes || betterBy(byNumber, chosen) <= LIKELY) return undefined;
  // Of many classes, few right answers say much: by chance there would be none.
  const chance = (trial: Tried) => byChance(trial.right.length, rights(trial), 1 / classes);
  if (chance(chosen) <= LIKELY && chance(byNumber) > UNREMARKABLE) return undefined;
  return (
    `the names of the classes hold numbers, and nothing tells whether the outputs stand in the order of text (10 before 2) ` +
    `or of numbers: right on ${rights(chosen)} of ${plural(chosen.right.length, 'sample image')} by text, as it is read, on ` +
    `${rights(byNumber)} by number; --class-order data or number says which`
  );
}

function notFinite({ nan, infinite, labels }: SampleAnswers): string[] {
  const of = plural(labels.length, 'sample image');
  return [
    ...(nan > 0
      ? [`the scores of ${nan} of ${of} are not numbers (NaN), or leave every class a probability of 0`]
      : []),
    ...(infinite > 0 ? [`the scores of ${infinite} of ${of} are infinite`] : []),
  ];
}

/** One answer to all images, whatever they show. */
function answersAlike({ test }: Subject, { labels, predicted }: SampleAnswers): string | undefined {
  const [only] = predicted;
  const others = labels.filter((label) => label !== only).length;
  if (only === undefined || only < 0 || predicted.some((label) => label !== only) || others < FEWEST_OTHERS)
    return;
  return (
    `the answer to all ${plural(predicted.length, 'sample image')} is "${test.classes[only]}", ${others} of them are of other classes: ` +
    'check --mean, --std, --scale and --channels, and whether the export is whole'
  );
}

/** Right as often as by chance (two standard deviations above, or less), or far less often. */
function likeChance({ test }: Subject, { right }: Tried): string | undefined {
  const images = right.length;
  const chance = 1 / test.classes.length;
  const count = rights({ right });
  if (images < FEWEST_TO_JUDGE) return undefined;
  if (count > images * chance + 2 * Math.sqrt(images * chance * (1 - chance))) return undefined;
  const less = byChance(images, images - count, 1 - chance) <= LIKELY ? 'less than' : 'no more than';
  return (
    `the model is right on ${count} of ${plural(images, 'sample image')}, ${less} by chance: check the classes of its outputs ` +
    '(--labels, --class-order) and how it wants its images (--mean, --std, --scale, --channels)'
  );
}

/** Another normalisation in wide use that is right much more often than what was told. */
async function findUsual(
  subject: Subject,
  first: Understood,
  { chosen, images }: { readonly chosen: Tried; readonly images: number },
): Promise<string | undefined> {
  if (subject.source.card || !hasRoomForTwo(subject)) return undefined;
  const list = chosen.list.filter(({ kind }) => kind !== 'scale');
  const usual = usualOthers(first.opened.preprocessing);
  const trials: Tried[] = [];
  for (const change of usual) trials.push(...(await tryChanges(subject, first, [...list, change], images)));
  const [best] = [...trials].sort((a, b) => rights(b) - rights(a));
  if (!best || betterBy(chosen, best) * trials.length > LIKELY) return undefined;
  return `with ${words(best)} it is right on ${rights(best)} of them: ${options(best)}`;
}
