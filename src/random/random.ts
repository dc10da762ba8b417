import { blake3 } from '@noble/hashes/blake3.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { drawPoisson } from './poisson.ts';
import { drawNormal } from './ziggurat.ts';

/** Counts of a Poisson distribution of this mean are exact in a double. */
const LARGEST_MEAN = 2 ** 50;

/** One part of a stream's name; `1` and `'1'` are different keys. */
export type Key = string | number;

/** A stream of random numbers. Every draw moves the stream on; nothing is shared between streams. */
export interface Random {
  /** 32 random bits, 0 to 2^32 - 1. */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer from `low` to `high - 1`. */
  int(low: number, high: number): number;
  /** Normal; mean 0 and standard deviation 1 unless given. */
  normal(mean?: number, std?: number): number;
  /** Poisson with mean `lambda` (0 to 2^50, where whole numbers still are exact). */
  poisson(lambda: number): number;
  /** True with probability `p`. */
  bernoulli(p: number): boolean;
  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number): Uint32Array;
  /** Fill `out` with normal draws and return it. */
  fillNormal(out: Float32Array, mean?: number, std?: number): Float32Array;
  /** Fill `out` with uniform draws of 24 bits in [low, high) and return it. */
  fillUniform(out: Float32Array, low?: number, high?: number): Float32Array;
}

/**
 * The stream of random numbers that belongs to a key, for example `('shuffle', seed, epoch)`.
 *
 * The key is hashed (BLAKE3) to the 128-bit state of xoroshiro128+, so streams of different keys are
 * independent, however similar the keys, and a stream never depends on what was drawn elsewhere before.
 */
export function randomStream(...key: Key[]): Random {
  const digest = blake3(utf8ToBytes(JSON.stringify(key)), { dkLen: 16 });
  const view = new DataView(digest.buffer, digest.byteOffset, 16);
  return new Stream(xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => view.getInt32(offset, true))));
}

class Stream implements Random {
  readonly #generator: RandomGenerator;
  readonly #uniform = () => this.uniform();

  constructor(generator: RandomGenerator) {
    this.#generator = generator;
  }

  uint32(): number {
    return this.#generator.next() >>> 0;
  }

  uniform(): number {
    const high = this.#generator.next() >>> 5;
    const low = this.#generator.next() >>> 6;
    return (high * 0x4000000 + low) * 2 ** -53;
  }

  int(low: number, high: number): number {
    if (!(high > low)) throw new RangeError(`int(${low}, ${high}): the range is empty`);
    return low + Math.floor(this.uniform() * (high - low));
  }

  normal(mean = 0, std = 1): number {
    return mean + std * drawNormal(this.#generator);
  }

  poisson(lambda: number): number {
    if (!(lambda >= 0 && lambda <= LARGEST_MEAN)) {
      throw new RangeError(`poisson(${lambda}): the mean must be 0 or more, and ${LARGEST_MEAN} at most`);
    }
    return drawPoisson(lambda, this.#uniform);
  }

  bernoulli(p: number): boolean {
    return this.uniform() < p;
  }

  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.int(0, i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  fillNormal(out: Float32Array, mean = 0, std = 1): Float32Array {
    const generator = this.#generator;
    for (let i = 0; i < out.length; i++) out[i] = mean + std * drawNormal(generator);
    return out;
  }

  fillUniform(out: Float32Array, low = 0, high = 1): Float32Array {
    const generator = this.#generator;
    const step = (high - low) * 2 ** -24;
    for (let i = 0; i < out.length; i++) out[i] = low + step * (generator.next() >>> 8);
    return out;
  }
}
