/** Options and parsers of their values that several commands share. Parsers throw a UserError that names the option. */
import { type Command, Option } from 'commander';
import { describeRange, mostOf } from '../../engine/limits.ts';
import { UserError } from '../../errors.ts';
import type { MomentumPolicy } from '../../run/schedule.ts';
import type { ImageLimit } from '../../train/request.ts';

/** A whole number that is not below `least`, nor above what the option may be. */
export function integer(option: string, least: number): (text: string) => number {
  const most = mostOf(option);
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new UserError(`${option}: expected ${describeRange(least, most)}, found "${text}"`);
  };
}

/** A number above 0; or 0 as well, when `zero` is allowed. */
export function positive(option: string, zero: 'or zero' | 'only' = 'only'): (text: string) => number {
  return (text) => {
    const value = toNumber(text);
    if (Number.isFinite(value) && (value > 0 || (value === 0 && zero === 'or zero'))) return value;
    throw new UserError(
      `${option}: expected a number above 0${zero === 'only' ? '' : ', or 0'}, found "${text}"`,
    );
  };
}

/** A share between 0 and 1, or in percent: `0.2`, `20%`. */
export function share(option: string): (text: string) => number {
  return (text) => {
    const percent = /^(.+)%$/.exec(text.trim())?.[1];
    const value = percent === undefined ? toNumber(text) : toNumber(percent) / 100;
    if (value > 0 && value < 1) return value;
    throw new UserError(`${option}: expected a share between 0 and 1 such as 0.1 or 10%, found "${text}"`);
  };
}

/** Several values with commas, each as `parse` reads it. */
export function list<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map((part) => parse(part.trim()));
}

/** Images of each split, or of the training and the test images apart. */
export function imageLimit(text: string): ImageLimit {
  const named = text.split(',').map((part) => /^(train|test)=([1-9]\d*)$/.exec(part.trim()));
  const splits = named.map((match) => match?.[1]);
  if (named.every((match) => match !== null) && new Set(splits).size === splits.length) {
    return Object.fromEntries(named.map(([, split, images]) => [split, Number(images)]));
  }
  if (text.includes('=')) {
    throw new UserError(
      `--limit: expected a whole number, or one for each split such as train=5000,test=1000, found "${text}"`,
    );
  }
  return integer('--limit', 1)(text);
}

/** One of a few words. */
export function choice<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const value = choices.find((name) => name === text);
    if (value !== undefined) return value;
    throw new UserError(`${option}: expected ${choices.join(' or ')}, found "${text}"`);
  };
}

/** One number for all three channels, or three with commas. */
export function triple(option: string): (text: string) => [number, number, number] {
  return (text) => {
    const values = text.split(',').map(toNumber);
    const allowed = option === '--std' ? (value: number) => value > 0 : () => true;
    if (values.every((value) => Number.isFinite(value) && allowed(value))) {
      if (values.length === 1) return [values[0], values[0], values[0]];
      if (values.length === 3) return [values[0], values[1], values[2]];
    }
    throw new UserError(
      `${option}: expected one or three ${option === '--std' ? 'positive ' : ''}numbers such as 0.485,0.456,0.406, found "${text}"`,
    );
  };
}

/** No picture of a network is larger by far. */
const LARGEST_POOLING = 255;

/** Side of the average pooling in the push-pull layer. */
export function poolingSize(text: string): number {
  const size = Number(text);
  if (/^\d+$/.test(text) && (size === 0 || size % 2 === 1)) {
    if (size <= LARGEST_POOLING) return size;
    throw new UserError(
      `--avg: expected 0 (no pooling) or an odd size up to ${LARGEST_POOLING}, found "${text}"`,
    );
  }
  throw new UserError(`--avg: expected 0 (no pooling) or an odd size such as 3 or 5, found "${text}"`);
}

/** Inhibition strength: learned, or one number for all filters. */
export function inhibition(text: string): 'trainable' | number {
  const value = toNumber(text);
  if (text === 'trainable') return text;
  if (Number.isFinite(value)) return value;
  throw new UserError(`--alpha: expected trainable or a number such as 1, found "${text}"`);
}

/** `cycle`, or a fixed momentum. */
export function momentum(text: string): MomentumPolicy {
  const value = toNumber(text);
  if (text === 'cycle') return text;
  if (value >= 0 && value < 1) return value;
  throw new UserError(`--momentum: expected cycle or a number from 0 to below 1, found "${text}"`);
}

/** Decimal numbers alone: JavaScript also reads `0x10`, `0b1` and space as numbers. No -0. */
export function toNumber(text: string): number {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) + 0 : Number.NaN;
}

/** `--frost-dir`; its older name `--frost` works too, but is not listed. */
export function addFrostOption(command: Command): Command {
  return command
    .option('--frost-dir <dir>', 'frost textures to use in place of the generated ones')
    .addOption(new Option('--frost <dir>').hideHelp())
    .on('option:frost', (folder: string) => command.setOptionValue('frostDir', folder));
}
