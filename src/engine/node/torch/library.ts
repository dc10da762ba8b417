/**
 * The one module that talks to libtorch: its C interface, through koffi. Declared in PyTorch's headers
 * `torch/csrc/stable/c/shim.h` and `torch/csrc/inductor/aoti_torch/c/shim.h`, which promise to stay compatible.
 */

import { join } from 'node:path';
import type { LibraryHandle } from 'koffi';
import { OutOfMemoryError, UserError } from '../../../errors.ts';
import type { MemoryFormat, TorchDType } from '../../../torch/plan.ts';
import { CudaDevice } from './cuda.ts';
import type { Native } from './koffi.ts';
import { koffi } from './koffi.ts';

/** A tensor of libtorch's: the address of an `at::Tensor`. */
export type Handle = bigint;

/** Names of libtorch's files: for the CPU, and for NVIDIA GPUs beside it. */
const FILES: Readonly<Record<string, { readonly cpu: string; readonly cuda: string }>> = {
  linux: { cpu: 'libtorch_cpu.so', cuda: 'libtorch_cuda.so' },
  darwin: { cpu: 'libtorch_cpu.dylib', cuda: 'libtorch_cuda.dylib' },
  win32: { cpu: 'torch_cpu.dll', cuda: 'torch_cuda.dll' },
};

const DEVICE_NUMBERS = { cpu: 0, cuda: 1 } as const;

/** libtorch, loaded, and how to call it. */
export class TorchLibrary {
  readonly device: 'cpu' | 'cuda';
  readonly deviceNumber: number;
  readonly deviceIndex: number;
  /** Handles that are not deleted yet. */
  live = 0;
  /** Seconds spent inside libtorch. */
  seconds = 0;
  readonly dtypes: Readonly<Record<TorchDType, number>>;
  readonly memoryFormats: Readonly<Record<MemoryFormat, number>>;
  readonly #libraries: LibraryHandle[];
  readonly #abi: bigint;
  readonly #what: (() => string | null) | undefined;
  /** The GPU, where the device is one. */
  readonly cuda: CudaDevice | undefined;
  readonly #newHandle: Native;
  readonly #delete: Native;
  readonly #fromBlob: Native;
  readonly #empty: Native;
  readonly #copy: Native;
  readonly #newList: Native;
  readonly #push: Native;
  readonly #newCell: () => bigint;
  readonly #dispatch: Native;
  readonly #out = new BigUint64Array(1);
  /** Arguments of a call, then its results. */
  readonly #stack = new BigUint64Array(32);
  readonly #double = new Float64Array(1);
  readonly #bits = new BigUint64Array(this.#double.buffer);

  /**
   * @param folder with libtorch's files
   * @throws UserError when they cannot be loaded
   */
  constructor(folder: string, device: 'cpu' | 'cuda', deviceIndex = 0) {
    this.device = device;
    this.deviceNumber = DEVICE_NUMBERS[device];
    this.deviceIndex = deviceIndex;
    const files = FILES[process.platform];
    if (!files) throw new UserError(`--engine torch: libtorch is not known on ${process.platform}`);
    this.#libraries = [load(join(folder, files.cpu))];
    if (device === 'cuda') this.#libraries.push(load(join(folder, files.cuda)));
    const number = (name: string): number => this.function(`int32_t ${name}()`)();
    this.dtypes = {
      float32: number('aoti_torch_dtype_float32'),
      bfloat16: number('aoti_torch_dtype_bfloat16'),
      int32: number('aoti_torch_dtype_int32'),
      int64: number('aoti_torch_dtype_int64'),
      uint8: number('aoti_torch_dtype_uint8'),
      bool: number('aoti_torch_dtype_bool'),
    };
    this.memoryFormats = {
      channelsLast: number('aoti_torch_memory_format_channels_last'),
      contiguous: number('aoti_torch_memory_format_contiguous_format'),
    };
    this.#abi = BigInt(this.function('uint64_t aoti_torch_abi_version()')());
    this.#newHandle = this.function('int32_t aoti_torch_new_tensor_handle(uint64_t tensor, uint64_t* out)');
    this.#delete = this.function('int32_t aoti_torch_delete_tensor_object(uint64_t tensor)');
    this.#fromBlob = this.function(
      'int32_t aoti_torch_create_tensor_from_blob(void* data, int64_t rank, int64_t* sizes, int64_t* strides, ' +
        'int64_t offset, int32_t dtype, int32_t device, int32_t index, uint64_t* out)',
    );
    this.#empty = this.function(
      'int32_t aoti_torch_empty_strided(int64_t rank, int64_t* sizes, int64_t* strides, int32_t dtype, ' +
        'int32_t device, int32_t index, uint64_t* out)',
    );
    this.#copy = this.function('int32_t aoti_torch_copy_(uint64_t to, uint64_t from, int32_t nonBlocking)');
    this.#newList = this.function('int32_t torch_new_list_reserve_size(size_t size, uint64_t* out)');
    this.#push = this.function('int32_t torch_list_push_back(uint64_t list, uint64_t value)');
    this.#dispatch = this.function(
      'int32_t torch_call_dispatcher(const char* op, const char* overload, uint64_t* stack, uint64_t abi)',
    );
    this.#newCell = this.#cells();
    // Since 2.13; before that libtorch prints what went wrong on standard error.
    this.#what = this.#optional('const char* torch_exception_get_what_without_backtrace()') as
      | (() => string | null)
      | undefined;
    this.cuda = device === 'cuda' ? new CudaDevice((name) => this.function(name), deviceIndex) : undefined;
    // Derivatives are this project's own: nothing is to be recorded.
    this.function('void aoti_torch_grad_mode_set_enabled(int32_t on)')(0);
  }

  /** A function of libtorch's by its C declaration. */
  function(declaration: string): Native {
    let missing: unknown;
    for (const library of this.#libraries) {
      try {
        return library.func(declaration) as unknown as Native;
      } catch (error) {
        missing = error;
      }
    }
    throw missing;
  }

  /** Threads of the calling thread's parallel regions, where OpenMP serves them. */
  setThreads(threads: number): void {
    const set = this.#optional('void omp_set_num_threads(int threads)');
    set?.(threads);
  }

  /** Another handle of the same tensor. */
  share(handle: Handle): Handle {
    this.check(this.#newHandle(handle, this.#out), 'sharing a tensor');
    this.live++;
    return this.#out[0];
  }

  drop(handle: Handle): void {
    this.#delete(handle);
    this.live--;
  }

  /** A tensor over memory of ours, which has to outlive it. */
  borrow(data: ArrayBufferView, dtype: TorchDType, shape: readonly number[]): Handle {
    const strides = stridesOf(shape, false);
    const sizes = BigInt64Array.from(shape, BigInt);
    // Small arrays lie in V8's heap, where they are moved about, until somebody asks for their buffer.
    void data.buffer;
    const type = this.dtypes[dtype];
    const cpu = DEVICE_NUMBERS.cpu;
    this.check(
      this.#fromBlob(data, shape.length, sizes, strides, 0, type, cpu, 0, this.#out),
      'placing a tensor',
    );
    this.live++;
    return this.#out[0];
  }

  /** An uninitialised tensor on the device; where asked for, with the channels of images innermost. */
  empty(shape: readonly number[], dtype: TorchDType, channelsLast: boolean): Handle {
    const sizes = BigInt64Array.from(shape, BigInt);
    const strides = stridesOf(shape, channelsLast);
    const type = this.dtypes[dtype];
    const status = this.#empty(
      shape.length,
      sizes,
      strides,
      type,
      this.deviceNumber,
      this.deviceIndex,
      this.#out,
    );
    this.check(status, 'making room for a tensor');
    this.live++;
    return this.#out[0];
  }

  /** An uninitialised tensor in memory of the host's from which a GPU reads without help. */
  pinned(shape: readonly number[], dtype: TorchDType): Handle {
    const sizes = BigInt64Array.from(shape, BigInt);
    const make = this.function(
      'int32_t aoti_torch_empty_strided_pinned(int64_t rank, int64_t* sizes, int64_t* strides, int32_t dtype, ' +
        'int32_t device, int32_t index, uint64_t* out)',
    );
    const type = this.dtypes[dtype];
    const { cpu } = DEVICE_NUMBERS;
    this.check(
      make(shape.length, sizes, stridesOf(shape, false), type, cpu, 0, this.#out),
      'making room on the host',
    );
    this.live++;
    return this.#out[0];
  }

  /**
   * Write the values of one tensor over those of another, wherever they are and however they lie.
   *
   * @param wait for the copy to be done, where a GPU makes it
   */
  copy(to: Handle, from: Handle, wait = true): void {
    const start = performance.now();
    const status = this.#copy(to, from, wait ? 0 : 1);
    this.seconds += (performance.now() - start) / 1000;
    this.check(status, 'copying a tensor');
  }

  /**
   * Call an op by name. The callee takes every handle, list and cell among the arguments.
   *
   * @param args one word each, as `list`, `some` and `double` make them
   * @param results how many the op has
   * @returns the stack, with the results first; to be read before the next call
   */
  dispatch(name: string, overload: string, args: readonly bigint[], results: number): BigUint64Array {
    const stack = this.#stack;
    for (let i = 0; i < args.length; i++) stack[i] = args[i];
    const start = performance.now();
    const status = this.#dispatch(name, overload, stack, this.#abi);
    this.seconds += (performance.now() - start) / 1000;
    this.check(status, name);
    this.live += results;
    return stack;
  }

  /** A list of words. */
  list(values: readonly bigint[]): bigint {
    this.check(this.#newList(values.length, this.#out), 'making a list');
    const list = this.#out[0];
    for (const value of values) this.check(this.#push(list, value), 'filling a list');
    return list;
  }

  /** An optional argument that is given; one that is not is 0. */
  some(value: bigint): bigint {
    const cell = this.#newCell();
    koffi().encode(cell, 'uint64_t', value);
    return cell;
  }

  /** A double as a word. */
  double(value: number): bigint {
    this.#double[0] = value;
    return this.#bits[0];
  }

  /** @throws what libtorch says when a call failed */
  check(status: number, what: string): void {
    if (status === 0) return;
    const said = this.#what?.()?.trim() || 'it failed; libtorch has printed why';
    const [line] = said.split('\n');
    if (/not enough memory|out of memory|can't allocate memory|bad_alloc/i.test(said)) {
      throw new OutOfMemoryError(`${what}: ${line}`);
    }
    throw new Error(`${what}: ${line}`);
  }

  #optional(declaration: string): Native | undefined {
    try {
      return this.function(declaration);
    } catch {
      return undefined;
    }
  }

  /** What makes a cell for an optional argument, which libtorch deletes as C++ does: since 2.13 there is a function. */
  #cells(): () => bigint {
    const made = this.#optional('int32_t torch_new_stable_ivalue(uint64_t* out)');
    if (made) {
      return () => {
        this.check(made(this.#out), 'making an optional argument');
        return this.#out[0];
      };
    }
    const allocate = operatorNew();
    return () => allocate(8);
  }
}

/** Steps in memory along each axis, outermost axis first or channels innermost. */
function stridesOf(shape: readonly number[], channelsLast: boolean): BigInt64Array {
  const order = shape.map((_, axis) => axis);
  // [N, C, H, W] lies as N, H, W, C.
  if (channelsLast && shape.length === 4) order.push(...order.splice(1, 1));
  const strides = new BigInt64Array(shape.length);
  let step = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = BigInt(step);
    step *= shape[axis];
  }
  return strides;
}

/** The C++ runtime's `operator new`, whose memory its `delete` takes. */
function operatorNew(): (size: number) => bigint {
  if (process.platform === 'win32') {
    return koffi().load('ucrtbase.dll').func('void* malloc(size_t size)') as (size: number) => bigint;
  }
  const file = process.platform === 'darwin' ? '/usr/lib/libc++.1.dylib' : 'libstdc++.so.6';
  return koffi().load(file).func('void* _Znwm(size_t size)') as (size: number) => bigint;
}

function load(file: string): LibraryHandle {
  try {
    return koffi().load(file, { global: true });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `--engine torch: ${file} cannot be loaded (${(error as Error).message.trim()}). ` +
        'Install PyTorch anew (pip install torch), or name another one with --torch PATH.',
    );
  }
}
