/** What is checked of the values of every command before it does anything. */
import type { Command } from 'commander';
import { UserError } from '../../errors.ts';
import { checkWritable } from '../../files/files.ts';

/** Options whose text may be empty. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['--title', '--scaled']);
/** Options that name what a command writes. */
const WRITTEN: ReadonlySet<string> = new Set(['--out', '--preview']);

/**
 * Refuse names that are empty, as an unset variable of the shell gives them, and outputs that could not be written.
 *
 * @throws UserError that names the option
 */
export async function checkPlaces(command: Command): Promise<void> {
  for (const [index, given] of command.processedArgs.entries()) {
    if ([given].flat().includes('')) throw empty(command.registeredArguments[index].name());
  }
  for (const option of command.options) {
    const name = option.long ?? option.flags;
    const given: unknown = command.getOptionValue(option.attributeName());
    if ([given].flat().includes('') && !MAY_BE_EMPTY.has(name)) throw empty(name);
    if (!WRITTEN.has(name) || typeof given !== 'string') continue;
    const isFile = option.flags.includes('<path>')
      ? command.getOptionValue('to') !== 'huggingface'
      : option.flags.includes('<file>');
    await checkWritable(given, isFile ? 'file' : 'folder', name);
  }
}

function empty(name: string): UserError {
  return new UserError(`${name}: expected a value, found an empty one; a variable of the shell may be unset`);
}
