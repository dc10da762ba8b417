/** Tensors between this process's memory and libtorch's device. */
import type { DType, Shape, Tensor } from '../../../graph/tensor.ts';
import { BYTES_PER_ELEMENT, numElements } from '../../../graph/tensor.ts';
import { ARRAYS } from '../arrays.ts';
import type { Handle, TorchLibrary } from './library.ts';

/** Of images the channels lie innermost on the device. */
const isImage = ({ dtype, shape }: { readonly dtype: DType; readonly shape: Shape }): boolean =>
  shape.length === 4 && dtype === 'float32';

/** A tensor of the device's own with these values. */
export function upload(library: TorchLibrary, tensor: Tensor): Handle {
  const own = library.empty(tensor.shape, tensor.dtype, isImage(tensor));
  overwrite(library, own, tensor);
  return own;
}

/** Write values over those of a tensor. */
export function overwrite(library: TorchLibrary, own: Handle, { data, dtype, shape }: Tensor): void {
  const lent = library.borrow(data, dtype, shape);
  try {
    library.copy(own, lent);
  } finally {
    library.drop(lent);
  }
}

export function download(library: TorchLibrary, handle: Handle, dtype: DType, shape: Shape): Tensor {
  const data = new ARRAYS[dtype](new ArrayBuffer(numElements(shape) * BYTES_PER_ELEMENT[dtype]));
  const lent = library.borrow(data, dtype, shape);
  try {
    library.copy(lent, handle);
    return { dtype, shape: [...shape], data };
  } finally {
    library.drop(lent);
  }
}

/** A copy on the device. */
export function duplicate(library: TorchLibrary, handle: Handle): Handle {
  const tensor = library.share(handle);
  library.live--;
  return library.dispatch('aten::clone', '', [tensor, 0n], 1)[0];
}

/** An input that stays in one place of a GPU's memory, and is written anew at every run. */
export class StaticInput {
  readonly handle: Handle;
  readonly #library: TorchLibrary;
  /** On the host, where the GPU reads from, and on the GPU as it lies on the host. */
  readonly #pinned: Handle;
  readonly #staged: Handle | undefined;

  constructor(library: TorchLibrary, type: { readonly dtype: DType; readonly shape: Shape }) {
    this.#library = library;
    this.#pinned = library.pinned(type.shape, type.dtype);
    this.handle = library.empty(type.shape, type.dtype, isImage(type));
    // The GPU turns images round faster than the host.
    this.#staged = isImage(type) ? library.empty(type.shape, type.dtype, false) : undefined;
  }

  /** The GPU may still copy when this returns; what it computes then waits for that by itself. */
  write({ data, dtype, shape }: Tensor): void {
    const lent = this.#library.borrow(data, dtype, shape);
    this.#library.copy(this.#pinned, lent);
    this.#library.drop(lent);
    this.#library.copy(this.#staged ?? this.handle, this.#pinned, false);
    if (this.#staged !== undefined) this.#library.copy(this.handle, this.#staged, false);
  }

  dispose(): void {
    for (const handle of [this.#pinned, this.handle, this.#staged]) {
      if (handle !== undefined) this.#library.drop(handle);
    }
  }
}
