import { createHash } from 'node:crypto';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { errorCode, explainWriteError } from './files.ts';
import { createReadStream, mkdir, open, rename, rm, statIfThere } from './fs.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Where the file shall lie; what arrived so far lies beside it as `<file>.part`. */
  readonly file: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Size in bytes, where the server does not say it. */
  readonly bytes?: number;
  /** Attempts after the connection broke; each goes on where the one before stopped. Default 3. */
  readonly retries?: number;
  /** Milliseconds before the first retry; doubled for each further one. Default 1000. */
  readonly retryDelay?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly received: number; readonly total?: number }) => void;
}

/** An answer that will not get better by asking again. */
const isFinal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

/**
 * Download a file, going on where an interrupted download stopped, and check it before it gets its name.
 *
 * @throws UserError when the server cannot be reached or refuses, the disk is full, or the checksum does not match
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { file, url, sha256 } = options;
  const part = `${file}.part`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
  } catch (error) {
    throw explainWriteError(error, file);
  }
  const resumed = (await sizeOf(part)) > 0;
  await fetchWithRetries(options, part);
  let found = await hashFile(part, 'sha256');
  if (found !== sha256 && resumed) {
    // The old beginning may belong to another version of the file.
    await rm(part, { force: true });
    await fetchWithRetries(options, part);
    found = await hashFile(part, 'sha256');
  }
  if (found !== sha256) {
    await rm(part, { force: true });
    throw new UserError(
      `${url}: expected a file with SHA-256 ${sha256}, found ${found}; the file was not kept. Try again later, or fetch it from elsewhere`,
    );
  }
  await rename(part, file);
}

/** Digest of a file, hexadecimal. */
export async function hashFile(file: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
}

async function fetchWithRetries(options: DownloadOptions, part: string): Promise<void> {
  const { url, retries = 3, retryDelay = 1000, signal } = options;
  let failures = 0;
  for (;;) {
    const before = await sizeOf(part);
    try {
      await fetchRest(options, part, before);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UserError) throw error;
      const explained = explainWriteError(error, part);
      if (explained !== error) throw explained;
      // An attempt that brought something on does not count as a failure in a row.
      failures = (await sizeOf(part)) > before ? 1 : failures + 1;
      if (failures > retries) {
        throw new UserError(
          `${url}: the download broke off (${causeOf(error)}); check the network and run the command again, ` +
            'it goes on where it stopped',
        );
      }
      await setTimeout(retryDelay * 2 ** (failures - 1), undefined, { signal });
    }
  }
}

/** Ask for what is missing after the first `have` bytes, and append it. */
async function fetchRest(options: DownloadOptions, part: string, have: number): Promise<void> {
  const { url, signal, bytes, onProgress } = options;
  if (bytes !== undefined && have === bytes) return;
  // Compressed on the way, the bytes would not be those that a range counts.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) headers.range = `bytes=${have}-`;
  const response = await fetch(url, { headers, signal });
  const isRest = response.status === 206 && rangeStart(response) === have;
  if (response.status === 416 && have > 0) {
    await response.body?.cancel();
    // Nothing follows: the part is whole, or longer than the file. The checksum tells which.
    if (rangeTotal(response) === have) return;
    await rm(part, { force: true });
    throw new Error('the server has no such range');
  }
  if (response.status === 206 && !isRest) {
    await response.body?.cancel();
    await rm(part, { force: true });
    throw new Error('the server sent another range');
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    const message = `the server answered ${response.status} ${response.statusText}`.trim();
    if (!isFinal(response.status)) throw new Error(message);
    throw new UserError(
      `${url}: expected a file, ${message}; check the address, or fetch the file from elsewhere`,
    );
  }

  // A server without ranges sends everything again.
  let received = isRest ? have : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(length) ? received + length : bytes;
  // Chunk by chunk, so that all that arrived before a broken connection is kept.
  const handle = await open(part, isRest ? 'a' : 'w');
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      await handle.writeFile(chunk);
      received += chunk.length;
      onProgress?.({ received, total });
    }
  } finally {
    await handle.close();
  }
  if (total !== undefined && received < total)
    throw new Error(`it ended after ${received} of ${total} bytes`);
}

/** First byte of `Content-Range: bytes FIRST-LAST/TOTAL`. */
function rangeStart(response: Response): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return match ? Number(match[1]) : undefined;
}

function rangeTotal(response: Response): number | undefined {
  const match = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  return match ? Number(match[1]) : undefined;
}

async function sizeOf(file: string): Promise<number> {
  return (await statIfThere(file))?.size ?? 0;
}

/** fetch says only "fetch failed"; the reason is its cause. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  if (cause instanceof Error) return errorCode(cause) ?? cause.message;
  return message;
}
