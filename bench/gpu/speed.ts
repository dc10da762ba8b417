/** Training steps on a GPU beside PyTorch, eager and compiled, in turns. */
import type { EngineOptions } from '../../src/engine/engine.ts';
import { type Comparison, type Contender, compare } from '../compare.ts';
import { type NamedMode, type OurSide, startOur, type TorchSide } from '../contenders.ts';
import { atImageNet, resnet18, titleOf, type Workload } from '../network.ts';
import { CLOCKS } from '../turns.ts';

export interface SpeedSetting {
  readonly device: 'cpu' | 'cuda';
  readonly small: boolean;
  readonly threads?: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Images of a step of ResNet-50. */
  readonly batch: number;
  /** Moment of the clock at which all should be done. */
  readonly until: number;
}

/** How fast ours is to be beside PyTorch's eager form in the same precision, at most. */
const WANTED = 1;

const OURS: readonly { readonly label: string; readonly options: Partial<EngineOptions> }[] = [
  { label: 'pushpull float32', options: { precision: 'float32' } },
  { label: 'pushpull TF32', options: { precision: 'float32', tf32: true } },
  { label: 'pushpull bfloat16', options: { precision: 'bfloat16' } },
];

/** What takes long to begin comes last: it is left out where time runs short. */
const MODES: readonly NamedMode[] = [
  { name: 'eager float32, default layout', mode: { channelsLast: false, precision: 'float32' } },
  { name: 'eager float32', mode: { channelsLast: true, precision: 'float32' } },
  { name: 'eager TF32', mode: { channelsLast: true, precision: 'float32', tf32: true } },
  { name: 'eager bfloat16', mode: { channelsLast: true, precision: 'bfloat16' } },
  { name: 'compile bfloat16', mode: { channelsLast: true, precision: 'bfloat16', compile: 'default' } },
  { name: 'compile float32', mode: { channelsLast: true, precision: 'float32', compile: 'default' } },
  {
    name: 'compile bfloat16, CUDA graphs',
    mode: { channelsLast: true, precision: 'bfloat16', compile: 'reduce-overhead' },
  },
];

export async function measureSpeed(
  setting: SpeedSetting,
  peer: TorchSide | undefined,
  tell: (comparison: Comparison) => Promise<void>,
): Promise<void> {
  const { device, small, threads, rounds, seconds, until } = setting;
  const onGpu = ({ tf32 }: { readonly tf32?: boolean }) => device === 'cuda' || !tf32;
  const ours: OurSide[] = [];
  for (const { label, options } of OURS.filter((one) => onGpu(one.options))) {
    try {
      ours.push(await startOur(label, { engine: 'torch', device, threads, ...options }));
    } catch (error) {
      console.error(`left out: ${label}: ${(error as Error).message}`);
    }
  }
  // Compiling on a CPU takes minutes and a compiler.
  const modes = MODES.filter(({ mode }) => onGpu(mode) && (device === 'cuda' || !mode.compile));
  const workloads = small ? [resnet18(8, 'conv', 8)] : [resnet18(64), atImageNet('resnet50', setting.batch)];
  const begin = CLOCKS.now();
  for (const [number, workload] of workloads.entries()) {
    const share = (until - begin) / workloads.length;
    const end = begin + share * (number + 1);
    const title = `training, ${titleOf(workload)}`;
    const contenders = [...ours.map((one) => ourContender(one, workload)), ...theirs(peer, modes, workload)];
    const onRound = (round: number) => console.error(`${title}: round ${round + 1} of ${rounds}`);
    // Compiling one more takes a minute or two, and the turns another one.
    const options = { rounds, seconds, until: end, openUntil: end - 0.4 * share, onRound };
    await tell(await compare(title, 'train', contenders, options));
  }
  for (const { side } of ours) side.stop();
}

function ourContender({ label, side }: OurSide, workload: Workload): Contender {
  const eager = label.replace('pushpull', 'eager');
  return { label, side, workload, reference: false, wanted: { [eager]: WANTED } };
}

function theirs(peer: TorchSide | undefined, modes: readonly NamedMode[], workload: Workload): Contender[] {
  if (!peer) return [];
  return modes.map(({ name, mode }) => ({ label: name, side: peer.side, workload, mode, reference: true }));
}
