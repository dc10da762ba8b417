/** The options for pictures and archives that are larger than usual. */
import type { Command } from 'commander';
import { setLimits } from '../../data/pictures/limits.ts';
import { UserError } from '../../errors.ts';
import { integer } from './options.ts';

/** Commands that read pictures without having the options of those that read data sets. */
const OTHERS = ['data', 'augment'];

/** `--max-pixels` and `--max-unpacked` of all commands that read pictures or archives. */
export function addLimitOptions(program: Command): void {
  for (const command of program.commands) {
    const options = command.options.map(({ long }) => long);
    if (!OTHERS.includes(command.name()) && !options.includes('--data') && !options.includes('--cache'))
      continue;
    command
      .option(
        '--max-pixels <n>',
        'refuse pictures of more pixels (default: 178956970, as Pillow)',
        integer('--max-pixels', 1),
      )
      .option(
        '--max-unpacked <bytes>',
        'refuse archives that unpack to more, such as 20GB (default: 100 times their size)',
        bytes,
      )
      .option('--follow-links', 'follow links that lead out of the data folder to other folders')
      .hook('preAction', (_, action) => setLimits(action.opts()));
  }
}

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** A number of bytes: `500000000`, `500MB`, `1.5 GiB`. */
export function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?$/i.exec(text.trim());
  const value = match
    ? Math.round(Number(match[1]) * (match[3] ? 1024 : 1000) ** UNITS.indexOf(match[2].toUpperCase()))
    : 0;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UserError(`--max-unpacked: expected a number of bytes such as 20GB, found "${text}"`);
}
