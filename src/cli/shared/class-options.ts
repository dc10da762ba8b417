/** Which classes of a data set are used: `--classes` and `--classes-file`. */

import path from 'node:path';
import type { Command } from 'commander';
import { type ClassSelection, parseClassList } from '../../data/class-selection.ts';
import { UserError } from '../../errors.ts';
import { isMissing, readFileSync } from '../../files/fs.ts';

export interface ClassFlags {
  classes?: ClassSelection;
  classesFile?: string;
}

/** Add the options to a command, and return it. */
export function addClassOptions(command: Command): Command {
  return command
    .option('--classes <n>', 'use n classes drawn at random; n:seed for another draw (default seed: 0)', draw)
    .option('--classes-file <file>', 'use the classes in a text file, a name (or WordNet id) a line');
}

/** @throws UserError when both options are given, or the file cannot be read */
export function toClassSelection({ classes, classesFile }: ClassFlags): ClassSelection | undefined {
  if (classesFile === undefined) return classes;
  if (classes) throw new UserError('--classes: not together with --classes-file; leave one of them out');
  const file = path.resolve(classesFile);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new UserError(`--classes-file: expected a text file, found none at ${file}; check the path`);
  }
  return parseClassList(text, file);
}

function draw(text: string): ClassSelection {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  const [count, seed] = [Number(match?.[1]), Number(match?.[2] ?? 0)];
  if (count >= 2 && Number.isSafeInteger(count) && Number.isSafeInteger(seed)) {
    return { kind: 'draw', count, seed };
  }
  throw new UserError(
    `--classes: expected a number of classes, 2 or more, or with a seed such as 100:3, found "${text}"`,
  );
}
