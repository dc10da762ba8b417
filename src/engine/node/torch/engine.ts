import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { OutOfMemoryError, UserError } from '../../../errors.ts';
import type { Tensor } from '../../../graph/tensor.ts';
import { lowerToTorch, type TorchLoweringOptions } from '../../../torch/lower/index.ts';
import type { Plan } from '../../../torch/plan.ts';
import type {
  BatchGraph,
  DeviceState,
  Engine,
  EngineOptions,
  GraphOutputs,
  ModelSession,
  Precision,
  Program,
  ProgramOptions,
} from '../../engine.ts';
import { end, hold } from '../child.ts';
import { type Port, type PortListener, RuntimeClient } from '../client.ts';
import type { Reply } from '../protocol.ts';
import { BatchSession } from './batch-session.ts';
import { type FoundTorch, findTorch } from './find.ts';
import { NOTE } from './notes.ts';
import type { TorchRuntimeOptions } from './runtime.ts';

/**
 * libtorch in a process of its own, called through its C interface: no Python runs.
 *
 * A process, since its calls block the thread that makes them, its threads and memory want settings that are read when it
 * is loaded, and what goes wrong in it must not end the caller.
 */
export class TorchEngine implements Engine {
  readonly name = 'torch';
  readonly version: string;
  readonly device: 'cpu' | 'cuda';
  readonly threads: number;
  readonly precision: Precision;
  readonly #client: RuntimeClient<Plan>;

  /** @throws UserError when there is no libtorch, or it cannot be loaded */
  static async start(options: EngineOptions): Promise<TorchEngine> {
    const {
      device,
      gpu = 0,
      threads = availableParallelism(),
      precision = 'float32',
      tf32 = false,
    } = options;
    if (device === 'webgpu') {
      throw new UserError(
        '--engine torch: expected --device cpu or cuda, found webgpu; take one of those, or --engine onnxruntime',
      );
    }
    const found = await findTorch({ path: options.torch });
    if (device === 'cuda' && found.cuda === undefined) {
      throw new UserError(
        `--device cuda: the PyTorch ${found.version} in ${found.lib} is built without CUDA; ` +
          'install one that has it (pip install torch), or use --device cpu',
      );
    }
    const engine = new TorchEngine(found, { device, gpu, threads, precision, tf32 });
    try {
      await engine.#client.ask({ kind: 'describe' });
    } catch (error) {
      await engine.close();
      throw error;
    }
    return engine;
  }

  private constructor(
    found: FoundTorch,
    {
      device,
      gpu,
      threads,
      precision,
      tf32,
    }: { device: 'cpu' | 'cuda'; gpu: number; threads: number; precision: Precision; tf32: boolean },
  ) {
    this.version = found.version;
    this.device = device;
    this.threads = threads;
    this.precision = precision;
    const options = { folder: found.lib, version: found.version, device, gpu, threads };
    this.#client = new RuntimeClient((listener) => openProcess(options, tf32, listener));
  }

  loadGraph(outputs: GraphOutputs, { name }: { readonly name: string }): Promise<ModelSession> {
    return this.#client.loadModel(this.#plan(outputs, { name }));
  }

  async loadNetwork(build: BatchGraph, { name }: { readonly name: string }): Promise<ModelSession> {
    return new BatchSession(build, (outputs) => this.loadGraph(outputs, { name }));
  }

  createState(tensors: ReadonlyMap<string, Tensor>): Promise<DeviceState> {
    return this.#client.createState(tensors);
  }

  loadProgram(outputs: GraphOutputs, { name, state, bindings }: ProgramOptions): Promise<Program> {
    return this.#client.loadProgram(this.#plan(outputs, { name, bindings }), { state, bindings });
  }

  runSeconds(): Promise<number> {
    return this.#client.ask({ kind: 'runSeconds' });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #plan(outputs: GraphOutputs, options: Omit<TorchLoweringOptions, 'target'>): Plan {
    const { device, precision } = this;
    return lowerToTorch(outputs, { ...options, target: { device, precision } });
  }
}

/**
 * What libtorch and the C library read when they are loaded.
 *
 * Memory that is given back is kept, and comes in large pages: else every large tensor is taken from the system and zeroed
 * page by page anew, which takes longer than computing it. How threads wait is left as it is
 * (docs/decisions/torch-engine.md has the figures for both).
 */
function environment({ threads, folder }: TorchRuntimeOptions, tf32: boolean): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // Where Windows looks for the libraries that libtorch's needs.
    ...(process.platform === 'win32' && { Path: `${folder};${process.env.Path ?? ''}` }),
    OMP_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
    GLIBC_TUNABLES: [
      process.env.GLIBC_TUNABLES,
      'glibc.malloc.mmap_threshold=4294967296',
      'glibc.malloc.trim_threshold=17179869184',
      'glibc.malloc.top_pad=67108864',
      'glibc.malloc.arena_max=1',
      'glibc.malloc.hugetlb=1',
    ]
      .filter(Boolean)
      .join(':'),
    // NVIDIA's libraries round float32 operands to 10 bits where nobody forbids it.
    ...(tf32 ? { TORCH_ALLOW_TF32_CUBLAS_OVERRIDE: '1' } : { NVIDIA_TF32_OVERRIDE: '0' }),
  };
}

function openProcess(options: TorchRuntimeOptions, tf32: boolean, { reply, gone }: PortListener): Port<Plan> {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = new URL(fromSource ? './torch-process.ts' : './torch-process.js', import.meta.url);
  const child = fork(fileURLToPath(file), [JSON.stringify(options)], {
    serialization: 'advanced',
    env: environment(options, tf32),
    execArgv: fromSource ? ['--import', import.meta.resolve('tsx/esm')] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-LONGEST_WORDS);
    for (const line of data.toString().split('\n')) {
      if (line.startsWith(NOTE)) process.stderr.write(`note: ${line.slice(NOTE.length)}\n`);
    }
  });
  child.on('message', (message) => reply(message as Reply));
  child.on('error', (error) => gone(error));
  child.on('exit', (code, signal) => gone(endOf(code, signal, said)));
  return {
    post: (envelope) => child.send(envelope),
    hold: (on) => hold(child, on),
    end: () => end(child, (own) => own.disconnect()),
  };
}

/** Characters of the last words of a process that are told. */
const LONGEST_WORDS = 2000;

function endOf(code: number | null, signal: NodeJS.Signals | null, said: string): Error {
  if (signal === 'SIGKILL') {
    return new OutOfMemoryError(
      'the process in which libtorch runs was killed, most likely for want of memory',
    );
  }
  if (code === 0) return new Error('the engine is closed');
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  const last = said.trim().split('\n').at(-1);
  return new Error(`the process in which libtorch runs ${how}${last ? ` (${last})` : ''}`);
}
