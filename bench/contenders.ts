/** Who takes part: our engines and PyTorch in its modes, each side in a process of its own. */
import type { EngineOptions } from '../src/engine/engine.ts';
import type { Contender } from './compare.ts';
import type { Workload } from './network.ts';
import type { AboutOurs, AboutTorch, TorchMode, Work } from './protocol.ts';
import { Side } from './side.ts';

/** One of our engines, started. */
export interface OurSide {
  readonly label: string;
  readonly side: Side<AboutOurs>;
  readonly options: EngineOptions;
}

/** A PyTorch, started. */
export interface TorchSide {
  /** `PyTorch 2.15` */
  readonly label: string;
  readonly side: Side<AboutTorch>;
}

export interface NamedMode {
  readonly name: string;
  readonly mode: TorchMode;
}

/** PyTorch as it is when nothing is said, in the layout that is mostly faster, and in its mixed precision. */
export const CPU_MODES: readonly NamedMode[] = [
  { name: 'default', mode: { channelsLast: false, precision: 'float32' } },
  { name: 'channels_last', mode: { channelsLast: true, precision: 'float32' } },
  { name: 'bfloat16', mode: { channelsLast: true, precision: 'bfloat16' } },
];

/** One of our engines, by its name in tables. */
export interface EngineChoice {
  readonly label: string;
  readonly choice: Pick<EngineOptions, 'engine' | 'precision'>;
}

export const OUR_ENGINES: readonly EngineChoice[] = [
  { label: 'onnxruntime', choice: { engine: 'onnxruntime' } },
  { label: 'torch float32', choice: { engine: 'torch', precision: 'float32' } },
  { label: 'torch bfloat16', choice: { engine: 'torch', precision: 'bfloat16' } },
];

/** Start engines on the CPU; those that cannot be started are told to `onMissing`. */
export async function startOurs(
  engines: readonly EngineChoice[],
  threads: number,
  onMissing: (why: string) => void,
): Promise<OurSide[]> {
  const sides: OurSide[] = [];
  for (const { label, choice } of engines) {
    try {
      sides.push(await startOur(label, { ...choice, device: 'cpu', threads }));
    } catch (error) {
      onMissing((error as Error).message);
    }
  }
  return sides;
}

export async function startOur(label: string, options: EngineOptions): Promise<OurSide> {
  return { label, options, side: await Side.node<AboutOurs>(label, 'ours.ts', JSON.stringify(options)) };
}

/** @throws Error where this Python has no torch that can be used */
export async function startTorch(
  python: string,
  { device, threads }: { readonly device: 'cpu' | 'cuda'; readonly threads?: number },
): Promise<TorchSide> {
  const args = ['--device', device, ...(threads === undefined ? [] : ['--threads', String(threads)])];
  const side = await Side.python<AboutTorch>(python, 'torch_peer.py', ...args);
  return { label: `PyTorch ${/^\d+\.\d+/.exec(side.about.torch)?.[0]}`, side };
}

/** Those who take part. */
export interface Sides {
  readonly ours: readonly OurSide[];
  readonly peers: readonly TorchSide[];
  /** Of every PyTorch. */
  readonly modes: readonly NamedMode[];
}

/** Ours and every PyTorch's modes at one workload. */
export function contendersAt(workload: Workload, work: Work, { ours, peers, modes }: Sides): Contender[] {
  const [first] = peers;
  const wanted = (options: EngineOptions) =>
    Object.fromEntries(
      Object.entries(first ? wantedRatios(workload, work, options) : {}).map(([mode, ratio]) => [
        `${first.label} ${mode}`,
        ratio,
      ]),
    );
  return [
    ...ours.map(({ label, side, options }) => ({
      label,
      side,
      workload,
      reference: false,
      wanted: wanted(options),
    })),
    ...peers.flatMap(({ label, side }) =>
      modes.map(({ name, mode }) => ({
        label: `${label} ${name}`,
        side,
        workload,
        mode,
        reference: true,
      })),
    ),
  ];
}

/** How many times as fast as PyTorch in a mode a training step is to be. */
function wantedRatios(
  { form }: Workload,
  work: Work,
  { engine, precision }: EngineOptions,
): Record<string, number> {
  if (work !== 'train' || engine !== 'torch') return {};
  if (form === 'imagenet') return precision === 'bfloat16' ? {} : { default: 1 };
  return precision === 'bfloat16' ? { bfloat16: 1 } : { default: 1.1, channels_last: 1 };
}
