import { availableParallelism } from 'node:os';
import type { Target } from '../../../onnx/emitter.ts';
import { lowerGraph } from '../../../onnx/lower/index.ts';
import { encodeModel } from '../../../onnx/model.ts';
import { fuseConvBias } from '../../../onnx/passes.ts';
import type {
  BatchGraph,
  Device,
  DeviceState,
  GraphOutputs,
  ModelLimits,
  ModelSession,
  OnnxEngine,
  Program,
  ProgramOptions,
} from '../../engine.ts';
import { type Port, type PortListener, RuntimeClient } from '../client.ts';
import type { Envelope, Reply } from '../protocol.ts';
import { spawnWorker } from '../worker-threads.ts';
import { chooseBuild, type OnnxBuild } from './choice.ts';
import { openGuarded } from './guard.ts';
import type { OnnxOptions } from './runtime.ts';
import { silenceTelemetry } from './telemetry.ts';

/** What only ONNX Runtime can be asked for. */
export interface OnnxEngineOptions {
  readonly engine?: 'onnxruntime';
  readonly device: Device;
  /** Threads of ONNX Runtime's pool; one a core when left out. */
  readonly threads?: number;
  /** Refuse to load a graph of which any node would run on the CPU instead of the device. */
  readonly strict?: boolean;
  /** Where to write a trace of every node's time, one file a session. */
  readonly profile?: string;
  /** Run models in a process of their own with these limits, as is due to models of somebody else's. */
  readonly limits?: ModelLimits;
}

/** Batch length of the graph from which a network for any length is written; a bound one would show as a wrong answer. */
const OUTLINE_BATCH = 2;

/** ONNX Runtime on a worker thread of its own: its `run` blocks the thread that calls it. With limits, in a process. */
export class OnnxRuntimeEngine implements OnnxEngine {
  readonly name = 'onnxruntime';
  readonly precision = 'float32';
  readonly version: string;
  readonly device: Device;
  readonly threads: number;
  readonly limits: ModelLimits | undefined;
  readonly #client: RuntimeClient<Uint8Array>;

  constructor({ device, threads = availableParallelism(), strict, profile, limits }: OnnxEngineOptions) {
    silenceTelemetry();
    const build = chooseBuild();
    noteMissing(build);
    this.version = build.version;
    this.device = device;
    this.threads = threads;
    this.limits = limits;
    const own = { device, threads, strict, profile };
    this.#client = new RuntimeClient((listener) =>
      limits ? openGuarded(own, limits, listener) : openThread(own, listener),
    );
  }

  loadModel(bytes: Uint8Array): Promise<ModelSession> {
    return this.#client.loadModel(bytes);
  }

  loadGraph(outputs: GraphOutputs, { name }: { readonly name: string }): Promise<ModelSession> {
    return this.loadModel(encodeModel(lowerGraph(outputs, { target: this.#target, name })));
  }

  loadNetwork(build: BatchGraph, { name }: { readonly name: string }): Promise<ModelSession> {
    // As it is deployed: what users run is what is measured here.
    const options = { target: { device: 'portable' }, name, freeBatch: 'N' } as const;
    return this.loadModel(encodeModel(fuseConvBias(lowerGraph(build(OUTLINE_BATCH), options))));
  }

  createState(tensors: Parameters<OnnxEngine['createState']>[0]): Promise<DeviceState> {
    return this.#client.createState(tensors);
  }

  loadProgram(outputs: GraphOutputs, { name, ...options }: ProgramOptions): Promise<Program> {
    return this.#client.loadProgram(
      encodeModel(lowerGraph(outputs, { target: this.#target, name })),
      options,
    );
  }

  runSeconds(): Promise<number> {
    return this.#client.ask({ kind: 'runSeconds' });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  get #target(): Target {
    return { device: this.device };
  }
}

let isNoted = false;

/** Say once why everything takes longer than it would have to. */
function noteMissing({ missing }: OnnxBuild): void {
  if (missing === undefined || isNoted) return;
  isNoted = true;
  console.error(
    `note: ONNX Runtime computes in WebAssembly, slower than its native library: ${missing.why}. Cure: ${missing.cure}`,
  );
}

function openThread(options: OnnxOptions, { reply, gone }: PortListener): Port<Uint8Array> {
  const worker = spawnWorker(new URL('./onnx-worker.ts', import.meta.url), options);
  worker.on('message', (message: Reply) => reply(message));
  worker.on('error', (error) => gone(error as Error));
  worker.on('exit', () => gone(new Error('the engine is closed')));
  return {
    post: (envelope: Envelope<Uint8Array>) => worker.postMessage(envelope),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    end: async () => {
      await worker.terminate();
    },
  };
}
