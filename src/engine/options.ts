/** What may be asked of an engine: which of it goes together, what of it is stored, and how it is told. */
import { UserError } from '../errors.ts';
import type { EngineOptions } from './engine.ts';
import { checkLimits } from './limits.ts';

/** What belongs to a run or a result and is stored with it: absent are ONNX Runtime, the CPU and float32. */
export interface EngineChoice
  extends Partial<Pick<EngineOptions, 'engine' | 'device' | 'precision' | 'tf32'>> {
  /** Threads of a deterministic run, which computes with no other number of them: it changes the last bits. */
  readonly fixedThreads?: number;
}

/** What is a matter of the machine at hand. */
export type EnginePlace = Pick<EngineOptions, 'threads' | 'gpu' | 'torch'>;

/**
 * Refuse what no engine can do, before anything else is done.
 *
 * @throws UserError that names the option, and what it goes with
 */
export function checkEngineOptions(asked: EngineChoice & EnginePlace): void {
  checkLimits({ gpu: asked.gpu, threads: asked.threads });
  const { engine = 'onnxruntime', device = 'cpu', precision = 'float32', gpu, tf32, torch } = asked;
  if (asked.fixedThreads !== undefined && device !== 'cpu') {
    throw new UserError(
      `--deterministic: expected --device cpu with it, found ${device}, whose sums have no fixed order; leave one of them out`,
    );
  }
  if (engine === 'torch' && device === 'webgpu') {
    throw new UserError(
      '--device webgpu: expected cpu or cuda with --engine torch; choose one of them, or leave --engine out',
    );
  }
  const special = [
    {
      option: `--precision ${precision}`,
      given: precision !== 'float32',
      without: 'give --precision float32',
    },
    { option: `--torch ${torch}`, given: torch !== undefined, without: 'leave --torch out' },
    { option: `--gpu ${gpu}`, given: gpu !== undefined, without: 'leave --gpu out', cuda: true },
    { option: '--tf32', given: tf32 === true, without: 'give --no-tf32', cuda: true },
  ].filter(({ given }) => given);
  const refuse = (rule: (typeof special)[number] | undefined, needed: string, found: string) => {
    if (rule === undefined) return;
    const { option, without } = rule;
    throw new UserError(
      `${option}: expected ${needed} with it, found ${found}; add ${needed}, or ${without}`,
    );
  };
  if (engine === 'onnxruntime') refuse(special[0], '--engine torch', engine);
  if (device !== 'cuda')
    refuse(
      special.find(({ cuda }) => cuda),
      '--device cuda',
      device,
    );
}

/** As files have it: what is usual is left out, so that files of versions with one engine mean the same. */
export function storedChoice({
  engine,
  precision,
  tf32,
  fixedThreads,
}: EngineChoice): Omit<EngineChoice, 'device'> {
  return {
    ...(engine === 'torch' && { engine }),
    ...(precision === 'bfloat16' && { precision }),
    ...(tf32 && { tf32 }),
    ...(fixedThreads !== undefined && { fixedThreads }),
  };
}

/** A choice as files tell it, which may know devices that this version does not. */
export type RecordedChoice = Omit<EngineChoice, 'device'> & { readonly device?: string };

/** Where something is computed, in words: `cpu`, `torch on cuda, bfloat16`. */
export function describeChoice({ engine, device = 'cpu', precision, tf32 }: RecordedChoice): string {
  const place = engine === 'torch' ? `torch on ${device}` : device;
  return [place, ...(precision === 'bfloat16' ? ['bfloat16'] : []), ...(tf32 ? ['TF32'] : [])].join(', ');
}
