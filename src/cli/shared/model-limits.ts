/** What a model that is no run's may take: `--model-timeout` and `--model-memory`. */
import type { Command } from 'commander';
import { DEFAULT_MODEL_MEMORY, DEFAULT_MODEL_SECONDS } from '../../engine/node/index.ts';
import type { AskedLimits } from '../../evaluate/model/model-demands.ts';
import { positive } from './options.ts';

/** Add the options to a command, and return it. */
export function addModelLimits(command: Command): Command {
  return command
    .option(
      '--model-timeout <seconds>',
      `in which a model that is no run's must be loaded, and then answer, else it is stopped (default: ${DEFAULT_MODEL_SECONDS})`,
      positive('--model-timeout'),
    )
    .option(
      '--model-memory <GB>',
      `that such a model may take, else it is stopped (default: ${100 * DEFAULT_MODEL_MEMORY} % of what is free)`,
      positive('--model-memory'),
    );
}

/** What was given of them. */
export function toLimits({ modelTimeout, modelMemory }: AskedLimits): AskedLimits {
  return { modelTimeout, modelMemory };
}
