/** The torch engine: which PyTorch was found, and whether it computes. Nothing needs it, so nothing breaks without it. */
import { type FindTorchOptions, findTorch, NoTorchError } from '../../engine/node/torch/find.ts';
import { type Cause, type Ended, type Finding, judge, runSelf } from './probe.ts';

export const TORCH_CAUSES: readonly Cause[] = [
  {
    sign: /NVIDIA driver|CUDA driver|CUDA-capable|no CUDA GPUs/i,
    text: 'no usable NVIDIA GPU was found',
    cure: 'Check that nvidia-smi lists the GPU and that its driver is recent enough for the CUDA release above.',
  },
];

/**
 * @param options `path` is what the user named; a fault of it is not passed over as a missing extra
 * @param run runs this program; tests put something else in its place
 */
export async function examineTorch(
  options: FindTorchOptions,
  run: (args: readonly string[]) => Promise<Ended> = runSelf,
): Promise<Finding[]> {
  const unusable = options.path === undefined ? 'missing' : 'broken';
  try {
    const { lib, version, cuda, from, passedOver } = await findTorch(options);
    const what = `${version}, ${cuda === undefined ? 'without CUDA' : `with CUDA ${cuda}`}`;
    const found: Finding = {
      verdict: 'good',
      name: 'torch',
      text: `${what}, of ${from}: ${lib}`,
      cure: passedOver.length > 0 ? `Passed over: ${passedOver.join('; ')}` : undefined,
    };
    // Found anew in the other process, by what it was found here.
    const where = options.path === undefined ? [] : ['--torch', options.path];
    const devices = cuda === undefined ? (['cpu'] as const) : (['cpu', 'cuda'] as const);
    const tried = devices.map(async (device): Promise<Finding> => {
      const finding = judge(
        await run(['doctor', '--probe', device, '--engine', 'torch', ...where]),
        TORCH_CAUSES,
      );
      const verdict = finding.verdict !== 'good' && device === 'cpu' ? unusable : finding.verdict;
      return { ...finding, verdict, name: `torch on ${device}` };
    });
    return [found, ...(await Promise.all(tried))];
  } catch (error) {
    if (!(error instanceof NoTorchError)) throw error;
    const { problem, cure } = error;
    return [
      {
        verdict: unusable,
        name: 'torch',
        text: problem.replace(/^the torch engine: /, ''),
        cure: options.path === undefined ? `Only --engine torch needs it; ${cure}` : sentence(cure),
      },
    ];
  }
}

function sentence(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
