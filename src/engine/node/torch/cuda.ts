/** What the torch engine needs of NVIDIA's runtime library (libcudart) beside libtorch: a GPU, a stream, captured graphs. */
import { UserError } from '../../../errors.ts';
import type { Native } from './koffi.ts';

/** Capture goes on while libtorch asks for memory. */
const RELAXED_CAPTURE = 2;
/** A stream that does not wait for the default one. */
const NON_BLOCKING = 1;

/**
 * One GPU and the stream on which all work goes: capture is not allowed on the default stream.
 */
export class CudaDevice {
  readonly #find: (declaration: string) => Native;
  readonly #stream = new BigUint64Array(1);

  /**
   * @param find a function of the libraries by its C declaration
   * @throws UserError when there is no such GPU
   */
  constructor(find: (declaration: string) => Native, index: number) {
    this.#find = find;
    const count = new Int32Array(1);
    const status = find('int32_t cudaGetDeviceCount(int32_t* count)')(count);
    if (status !== 0 || count[0] === 0) {
      throw new UserError(
        `--device cuda: expected an NVIDIA GPU and its driver, found none (CUDA error ${status}); use --device cpu`,
      );
    }
    if (index >= count[0]) {
      throw new UserError(
        `--gpu ${index}: expected a number below ${count[0]}, as there ${count[0] === 1 ? 'is one GPU' : `are ${count[0]} GPUs`}`,
      );
    }
    this.#check(find('int32_t cudaSetDevice(int32_t index)')(index), 'cudaSetDevice');
    const create = find('int32_t cudaStreamCreateWithFlags(uint64_t* stream, uint32_t flags)');
    this.#check(create(this.#stream, NON_BLOCKING), 'cudaStreamCreateWithFlags');
    // Stays for as long as the process: the guard is never deleted.
    const guard = new BigUint64Array(1);
    const use = find(
      'int32_t aoti_torch_create_cuda_stream_guard(uint64_t stream, int32_t index, uint64_t* guard)',
    );
    this.#check(use(this.#stream[0], index, guard), 'aoti_torch_create_cuda_stream_guard');
  }

  /**
   * Record what `launch` sends to the stream, instead of carrying it out.
   *
   * @throws Error when something in it cannot be recorded; nothing has been carried out then
   */
  capture(launch: () => void): CudaGraph {
    const stream = this.#stream[0];
    const begin = this.#find('int32_t cudaStreamBeginCapture(uint64_t stream, int32_t mode)');
    const end = this.#find('int32_t cudaStreamEndCapture(uint64_t stream, uint64_t* graph)');
    const destroy = this.#find('int32_t cudaGraphDestroy(uint64_t graph)');
    const instantiate = this.#find(
      'int32_t cudaGraphInstantiate(uint64_t* executable, uint64_t graph, uint64_t flags)',
    );
    const [graph, executable] = [new BigUint64Array(1), new BigUint64Array(1)];
    this.#check(begin(stream, RELAXED_CAPTURE), 'cudaStreamBeginCapture');
    try {
      launch();
    } catch (error) {
      end(stream, graph);
      if (graph[0] !== 0n) destroy(graph[0]);
      throw error;
    }
    this.#check(end(stream, graph), 'cudaStreamEndCapture');
    try {
      this.#check(instantiate(executable, graph[0], 0), 'cudaGraphInstantiate');
    } finally {
      destroy(graph[0]);
    }
    const run = this.#find('int32_t cudaGraphLaunch(uint64_t executable, uint64_t stream)');
    const drop = this.#find('int32_t cudaGraphExecDestroy(uint64_t executable)');
    return {
      launch: () => this.#check(run(executable[0], stream), 'cudaGraphLaunch'),
      destroy: () => void drop(executable[0]),
    };
  }

  #check(status: number, what: string): void {
    if (status === 0) return;
    const name = this.#find('const char* cudaGetErrorString(int32_t status)') as unknown as (
      status: number,
    ) => string;
    throw new Error(`${what}: ${name(status)} (CUDA error ${status})`);
  }
}

/** A recorded piece of work. */
export interface CudaGraph {
  /** Carry it out, after what the stream has to do before. */
  launch(): void;
  destroy(): void;
}
