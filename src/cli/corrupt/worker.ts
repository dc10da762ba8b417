/** A thread of `pushpull corrupt`: corrupts one image after the other, each in all the ways that were asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CorruptionName,
  corrupt,
  type ParameterSet,
  type Quirks,
  type Severity,
} from '../../corrupt/index.ts';
import { encodeJpeg, encodePng } from '../../data/pictures/picture-file.ts';
import { createImage, type Image } from '../../image/image.ts';
import type { CorruptFormat } from './formats.ts';

export interface CorruptWorkerData {
  readonly cells: readonly { readonly corruption: CorruptionName; readonly severity: Severity }[];
  readonly set: ParameterSet;
  readonly seed: number;
  readonly quirks: Partial<Quirks>;
  readonly frost?: readonly Image[];
  /** What comes back for each cell: pixels, or the bytes of a file. */
  readonly format: CorruptFormat;
}

export interface CorruptRequest {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface CorruptReply {
  readonly index: number;
  /** One for each cell, in their order. */
  readonly results: readonly Uint8Array[];
}

const ENCODERS = { png: encodePng, jpeg: encodeJpeg };

const { cells, format, ...options } = workerData as CorruptWorkerData;

parentPort!.on('message', async ({ index, width, height, data }: CorruptRequest) => {
  const image = createImage(width, height, data);
  const results: Uint8Array[] = [];
  for (const cell of cells) {
    const corrupted = corrupt(image, { ...options, ...cell, index });
    results.push(format === 'npy' ? corrupted.data : new Uint8Array(await ENCODERS[format](corrupted)));
  }
  const reply: CorruptReply = { index, results };
  parentPort!.postMessage(
    reply,
    results.map((result) => result.buffer as ArrayBuffer),
  );
});
