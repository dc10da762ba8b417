/**
 * Large arrays handed to another process through a file that both have open: Node's own channel copies them many times, on
 * the thread that reads and counts images. Where there is such a thing the file is in memory. It has no name, so that
 * nothing is left of it, whatever ends the processes.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmdirSync,
  unlinkSync,
  write,
} from 'node:fs';
import { platform, tmpdir } from 'node:os';
import path from 'node:path';
import type { Tensor, TensorData } from '../../../graph/tensor.ts';
import { ARRAYS } from '../arrays.ts';
import type { Envelope } from '../protocol.ts';

/** Where an array lies. */
interface Parked {
  /** Which of the files. */
  readonly file: number;
  readonly at: number;
  readonly bytes: number;
}

type ParkedTensor = Omit<Tensor, 'data'> & { readonly parked: Parked };

/** An envelope whose large arrays may be elsewhere. */
export type ParkedEnvelope = Envelope<Uint8Array | Parked>;

/** Smaller ones go with the message. */
const SMALL = 2 ** 16;
/** The largest piece that is written at once. */
const PIECE = 2 ** 28;

/** The sender's side: one request after the other, each at the front of the file once all before it are answered. */
export class Scratch {
  /** To be handed to the other process. */
  readonly files: readonly number[];
  #end = 0;
  #unanswered = 0;

  constructor() {
    this.files = folders().flatMap((folder) => nameless(folder) ?? []);
  }

  /** Put the large arrays of a request into a file. What does not fit, for want of space, stays as it is. */
  async park({ id, request }: Envelope<Uint8Array>): Promise<ParkedEnvelope> {
    if (this.#unanswered++ === 0) this.#end = 0;
    if (request.kind === 'loadModel') {
      return { id, request: { ...request, code: (await this.#put(request.code)) ?? request.code } };
    }
    if (request.kind !== 'runModel') return { id, request };
    const feeds: Record<string, Tensor | ParkedTensor> = {};
    for (const [name, tensor] of Object.entries(request.feeds)) {
      const { dtype, shape, data } = tensor;
      const parked = await this.#put(data);
      // The channel takes no shared memory.
      feeds[name] = parked ? { dtype, shape, parked } : { dtype, shape, data: data.slice() };
    }
    return { id, request: { ...request, feeds: feeds as Record<string, Tensor> } };
  }

  /** A request was answered. @param large whether the file shall give its space back */
  answered(large: boolean): void {
    if (--this.#unanswered === 0 && large) for (const file of this.files) ftruncateSync(file, 0);
  }

  close(): void {
    for (const file of this.files) closeSync(file);
  }

  async #put(data: TensorData | Uint8Array): Promise<Parked | undefined> {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length < SMALL) return undefined;
    for (const file of this.files.keys()) {
      const at = this.#end;
      if (!(await written(this.files[file], bytes, at))) continue;
      // In whole pages, so that no two arrays share one.
      this.#end = at + Math.ceil(bytes.length / 4096) * 4096;
      return { file, at, bytes: bytes.length };
    }
    return undefined;
  }
}

/** The receiver's side. */
export class ScratchReader {
  readonly #files: readonly number[];

  /** @param files as this process knows them */
  constructor(files: readonly number[]) {
    this.#files = files;
  }

  /** The request as it was, and the buffers that it alone has. */
  fetch({ id, request }: ParkedEnvelope): { envelope: Envelope<Uint8Array>; buffers: ArrayBuffer[] } {
    const buffers: ArrayBuffer[] = [];
    const get = (parked: Parked): ArrayBuffer => {
      const buffer = this.#read(parked);
      buffers.push(buffer);
      return buffer;
    };
    if (request.kind === 'loadModel' && 'file' in request.code) {
      return { envelope: { id, request: { ...request, code: new Uint8Array(get(request.code)) } }, buffers };
    }
    if (request.kind !== 'runModel') return { envelope: { id, request } as Envelope<Uint8Array>, buffers };
    const feeds = Object.fromEntries(
      Object.entries(request.feeds as Record<string, Tensor | ParkedTensor>).map(([name, tensor]) => {
        if (!('parked' in tensor)) return [name, tensor];
        const { dtype, shape, parked } = tensor;
        return [name, { dtype, shape, data: new ARRAYS[dtype](get(parked)) }];
      }),
    );
    return { envelope: { id, request: { ...request, feeds: feeds as Record<string, Tensor> } }, buffers };
  }

  #read({ file, at, bytes }: Parked): ArrayBuffer {
    const buffer = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) {
      const read = readSync(this.#files[file], buffer, done, Math.min(PIECE, bytes - done), at + done);
      if (read === 0) throw new Error('internal: the scratch file is too short');
      done += read;
    }
    return buffer.buffer;
  }
}

/** Folders for the files, the fastest first. Windows hands no open files to other processes. */
function folders(): string[] {
  if (platform() === 'win32') return [];
  return platform() === 'linux' ? ['/dev/shm', tmpdir()] : [tmpdir()];
}

/** An open file without a name; undefined where the folder takes none. */
function nameless(folder: string): number | undefined {
  try {
    const own = mkdtempSync(path.join(folder, 'pushpull-'));
    const name = path.join(own, 'scratch');
    const file = openSync(name, 'wx+', 0o600);
    unlinkSync(name);
    rmdirSync(own);
    return file;
  } catch {
    return undefined;
  }
}

/** Whether the bytes are all in the file; not where the disk is full. */
async function written(file: number, bytes: Uint8Array, at: number): Promise<boolean> {
  for (let done = 0; done < bytes.length; ) {
    const count = await new Promise<number>((resolve) => {
      write(file, bytes, done, Math.min(PIECE, bytes.length - done), at + done, (error, size) =>
        resolve(error ? 0 : size),
      );
    });
    if (count === 0) return false;
    done += count;
  }
  return true;
}
