/** What computes, and where: the options of every command that trains or measures. */
import { type Command, Option } from 'commander';
import { DEVICES, ENGINES, type EngineOptions, PRECISIONS } from '../../engine/engine.ts';
import { choice, integer } from './options.ts';

export type EngineFlags = Partial<EngineOptions>;

/**
 * Add the options to a command, and return it. None has a default: what is left out is left to the run or to the
 * library.
 *
 * @param threads What `--threads` counts.
 */
export function addEngineOptions(command: Command, threads = 'threads that compute'): Command {
  return command
    .option(
      '--engine <name>',
      `${ENGINES.join(' or ')}, the libtorch of an installed PyTorch (default: onnxruntime)`,
      choice('--engine', ENGINES),
    )
    .option('--device <name>', `${DEVICES.join(', ')} (default: cpu)`, choice('--device', DEVICES))
    .option(
      '--precision <name>',
      'of convolutions and activations: float32, or bfloat16 with torch (default: float32)',
      choice('--precision', PRECISIONS),
    )
    .option('--gpu <n>', 'which NVIDIA GPU, from 0 (torch on cuda; default: 0)', integer('--gpu', 0))
    .option('--tf32', "let NVIDIA's matrix units round float32 to 10 bits (torch on cuda)")
    .addOption(new Option('--no-tf32').hideHelp())
    .option(
      '--torch <path>',
      'a Python environment with PyTorch, or an unpacked libtorch (default: PUSHPULL_TORCH, else it is looked for)',
    )
    .option('--threads <n>', `${threads} (default: one a core)`, integer('--threads', 1));
}

/** What was given of them. */
export function toEngine({ engine, device, precision, gpu, tf32, torch, threads }: EngineFlags): EngineFlags {
  return { engine, device, precision, gpu, tf32, torch, threads };
}
