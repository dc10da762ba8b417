/**
 * A buffer that an image filter keeps between calls. Fresh megabytes for every image cost more than the
 * arithmetic on them: the system hands them out zeroed, page by page, and the collector takes them back.
 *
 * Filters are synchronous and a thread has its own modules, so a buffer is never used twice at a time.
 * Contents are whatever the last call left.
 */
export class Scratch<T extends Float64Array | Float32Array | Int32Array | Uint8Array> {
  readonly #create: (length: number) => T;
  #buffer: T;

  constructor(create: (length: number) => T) {
    this.#create = create;
    this.#buffer = create(0);
  }

  /** At least `length` elements. */
  take(length: number): T {
    if (this.#buffer.length < length) this.#buffer = this.#create(length);
    return this.#buffer;
  }
}
