/** Whether 100 training steps on a device follow PyTorch's, from the same weights on the same batches. */
import path from 'node:path';
import type { Precision } from '../../src/engine/engine.ts';
import { type OurSide, startOur, type TorchSide } from '../contenders.ts';
import { makeBatches } from '../losses.ts';
import { createNetwork, resnet18, type Workload } from '../network.ts';
import type { LossesAnswer, LossesRequest, TorchMode } from '../protocol.ts';
import { writeRaw } from '../raw.ts';
import type { Side } from '../side.ts';

export interface LossCheck {
  readonly precision: Precision;
  readonly workload: Workload;
  /** Why it could not be told. */
  readonly error?: string;
  readonly ours: readonly number[];
  /** PyTorch's, in channels_last. */
  readonly torch?: readonly number[];
  /** PyTorch's in its default layout: how far it is from itself. */
  readonly torchOtherLayout?: readonly number[];
  /** PyTorch's from the initial weights of other seeds. */
  readonly torchOtherSeeds?: readonly (readonly number[])[];
  readonly verdict?: LossVerdict;
}

export interface LossVerdict {
  /** Largest relative difference in the first steps, before rounding has grown to a path of its own. */
  readonly firstSteps: number;
  /** Mean difference over all steps. */
  readonly meanDifference: number;
  /** The same between PyTorch's two layouts. */
  readonly betweenLayouts: number;
  /** Mean over the steps of the deviation of PyTorch's losses over seeds. */
  readonly overSeeds: number;
  readonly follows: boolean;
}

/** What is trained, and how. */
export interface LossSetting {
  readonly device: 'cpu' | 'cuda';
  readonly small: boolean;
  readonly threads?: number;
  /** Where weights and batches are handed over. */
  readonly folder: string;
}

const SEEDS = [0, 1, 2] as const;
/** Steps in which float32 has to agree closely, and how closely. */
const FIRST = { steps: 5, difference: 1e-3 } as const;
const RECIPE = { lr: 0.02, momentum: 0.9, weightDecay: 5e-4 } as const;

export async function checkLosses(setting: LossSetting, peer: TorchSide | undefined): Promise<LossCheck[]> {
  const { device, small, threads, folder } = setting;
  const workload = small ? resnet18(8, 'conv', 8) : resnet18(64);
  const steps = small ? 12 : 100;
  const batches = path.join(folder, 'batches');
  await writeRaw(batches, makeBatches(workload, small ? 3 : 10));
  const weights = (seed: number) => path.join(folder, `weights-seed${seed}`);
  for (const seed of SEEDS) await writeRaw(weights(seed), createNetwork(workload, seed).parameters);

  const ask = async (side: Side, seed: number, mode?: TorchMode): Promise<readonly number[]> => {
    const files = { weights: weights(seed), batches };
    const request: LossesRequest = { kind: 'losses', workload, mode, ...files, steps, ...RECIPE };
    return (await side.ask<LossesAnswer>(request)).losses;
  };
  const checks: LossCheck[] = [];
  for (const precision of ['float32', 'bfloat16'] as const) {
    const options = { engine: 'torch', device, precision, threads } as const;
    let ours: readonly number[] = [];
    try {
      const mine: OurSide = await startOur(`torch ${precision}`, options);
      ours = await ask(mine.side, 0).finally(() => mine.side.stop());
      if (!peer) {
        checks.push({ precision, workload, ours });
        continue;
      }
      const mode: TorchMode = { channelsLast: true, precision, tf32: false };
      const [torch, ...torchOtherSeeds] = await inTurn(SEEDS, (seed) => ask(peer.side, seed, mode));
      const torchOtherLayout = await ask(peer.side, 0, { ...mode, channelsLast: false });
      const losses = { ours, torch, torchOtherLayout, torchOtherSeeds };
      checks.push({ precision, workload, ...losses, verdict: judge(precision, losses) });
    } catch (error) {
      // The other precision, and speeds, may be told all the same.
      checks.push({ precision, workload, error: (error as Error).message, ours });
    }
  }
  return checks;
}

/** @param of the same steps, of each side */
export function judge(
  precision: Precision,
  { ours, torch, torchOtherLayout, torchOtherSeeds }: Required<Pick<LossCheck, Losses>>,
): LossVerdict {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const difference = (a: readonly number[], b: readonly number[]) =>
    a.map((loss, step) => Math.abs(loss - b[step]));
  const first = difference(ours, torch).slice(0, FIRST.steps);
  const firstSteps = Math.max(...first.map((value, step) => value / torch[step]));
  const meanDifference = mean(difference(ours, torch));
  const deviations = torch.map((loss, step) => {
    const seeds = [loss, ...torchOtherSeeds.map((other) => other[step])];
    const middle = mean(seeds);
    return Math.sqrt(seeds.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (seeds.length - 1));
  });
  const overSeeds = mean(deviations);
  // Written so that a loss that is no number does not follow.
  const follows = meanDifference <= overSeeds && (precision !== 'float32' || firstSteps <= FIRST.difference);
  return {
    firstSteps,
    meanDifference,
    betweenLayouts: mean(difference(torch, torchOtherLayout)),
    overSeeds,
    follows,
  };
}

type Losses = 'ours' | 'torch' | 'torchOtherLayout' | 'torchOtherSeeds';

async function inTurn<In, Out>(values: readonly In[], work: (value: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}

/** One line for people. */
export function lossLine({ precision, ours, verdict, error }: LossCheck): string {
  if (error !== undefined) return `losses, ${precision}: FAILED: ${error}`;
  if (!verdict)
    return `losses, ${precision}: ${ours.length} steps, from ${ours[0]} to ${ours.at(-1)}; no PyTorch to follow`;
  const { firstSteps, meanDifference, betweenLayouts, overSeeds, follows } = verdict;
  return (
    `losses, ${precision}: ${follows ? 'follow' : 'DO NOT FOLLOW'} PyTorch's over ${ours.length} steps: mean difference ` +
    `${meanDifference.toExponential(1)} (PyTorch's layouts ${betweenLayouts.toExponential(1)}, its seeds ` +
    `${overSeeds.toExponential(1)}), first ${FIRST.steps} steps within ${firstSteps.toExponential(1)} relative`
  );
}
