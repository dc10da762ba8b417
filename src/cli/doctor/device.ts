/** What usually keeps devices from working, and the look at one before long work. */
import type { Device, EngineOptions } from '../../engine/engine.ts';
import { findTorch } from '../../engine/node/torch/find.ts';
import { UserError } from '../../errors.ts';
import { type Cause, type Ended, judge, runSelf } from './probe.ts';
import { TORCH_CAUSES } from './torch.ts';

/** Causes of ONNX Runtime's failures, by the device that was asked for. */
export const DEVICE_CAUSES: Readonly<Record<Device, readonly Cause[]>> = {
  cpu: [
    {
      sign: /native library cannot be loaded|Cannot find (module|package)|NODE_MODULE|dlopen|GLIBC/,
      text: 'ONNX Runtime cannot be loaded',
      cure: 'Install again with: npm ci, or npm install. With its WebAssembly build, slower: PUSHPULL_ONNXRUNTIME=wasm',
    },
  ],
  webgpu: [
    {
      sign: /WebAssembly build/,
      text: "needs ONNX Runtime's native library",
      cure: 'See onnxruntime above.',
    },
    {
      sign: /libvulkan\.so\.1: cannot open/,
      text: 'the Vulkan loader is not installed',
      cure: 'Debian, Ubuntu: sudo apt install libvulkan1 mesa-vulkan-drivers',
    },
    {
      sign: /adapter/i,
      text: 'no graphics adapter was found',
      cure:
        'Install the graphics driver (Vulkan, Metal or Direct3D 12). Without a GPU, slowly: sudo apt install chromium libvulkan1, ' +
        'and set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json and XDG_RUNTIME_DIR=/tmp',
    },
  ],
  cuda: [
    {
      sign: /WebAssembly build/,
      text: "needs ONNX Runtime's native library",
      cure: 'See onnxruntime above.',
    },
    {
      sign: /load (shared )?library|expected the ONNX Runtime provider/i,
      text: 'the CUDA provider is not installed',
      cure: 'Linux x64 with an NVIDIA GPU, CUDA 12 and cuDNN 9: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
    },
    {
      sign: /CUDA/,
      text: 'no usable NVIDIA GPU was found',
      cure: 'Check that nvidia-smi lists the GPU and that the driver supports CUDA 12.',
    },
  ],
};

/**
 * Try a device before anything is planned for it, in a process of its own, whose log lines are not shown: a bad driver
 * may print, hang or crash. Of a CPU, only whether libtorch is there.
 *
 * @param probe runs this program; tests put something else in its place
 * @throws UserError when it does not compute
 */
export async function checkDevice(
  { engine = 'onnxruntime', device = 'cpu', torch, gpu }: Partial<EngineOptions>,
  probe: (args: readonly string[]) => Promise<Ended> = runSelf,
): Promise<void> {
  if (device === 'cpu') {
    if (engine === 'torch') await findTorch({ path: torch });
    return;
  }
  const more = [
    ...(gpu === undefined ? [] : ['--gpu', String(gpu)]),
    ...(engine === 'torch' ? ['--engine', engine] : []),
    ...(torch === undefined ? [] : ['--torch', torch]),
  ];
  const ended = await probe(['doctor', '--probe', device, ...more]);
  const causes = engine === 'torch' ? TORCH_CAUSES : DEVICE_CAUSES[device];
  const { verdict, text, cure = 'pushpull doctor says more' } = judge(ended, causes);
  if (verdict === 'good') return;
  throw new UserError(
    text.startsWith('--')
      ? text
      : `--device ${device}: ${text}. ${cure.replace(/\.$/, '')}, or leave --device out`,
  );
}
