import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CIFAR10_ARCHIVE } from '../../src/data/formats/cifar/cifar10.ts';
import { UserError } from '../../src/errors.ts';
import { type DownloadOptions, download } from '../../src/files/download.ts';

const BODY = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
const sha256 = createHash('sha256').update(BODY).digest('hex');

let folder: string;
let server: Server;
let ranges: (string | undefined)[];
/** An answer that will break off when the client has so many bytes of the file. */
let breaking: { response: ServerResponse; at: number } | undefined;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'download-'));
  ranges = [];
  breaking = undefined;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`;
}

/** A server that knows ranges; `cut` bytes are sent of each answer before the connection breaks. */
function ranged(body: Uint8Array, cut = (_request: number) => Number.POSITIVE_INFINITY): RequestListener {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? 'bytes=0-')![1]);
    if (start >= body.length) {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
      return;
    }
    const rest = body.subarray(start);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-length': rest.length,
      ...(request.headers.range && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    });
    const length = cut(ranges.length);
    if (length >= rest.length) response.end(rest);
    else {
      breaking = { response, at: start + length };
      response.write(rest.subarray(0, length));
    }
  };
}

const file = () => path.join(folder, 'deep', 'file.bin');
async function fetchFrom(url: string, options: Partial<DownloadOptions> = {}): Promise<void> {
  const onProgress = ({ received }: { received: number }) => {
    if (received === breaking?.at) breaking.response.destroy();
  };
  await download({ url, file: file(), sha256, retryDelay: 1, onProgress, ...options });
}
async function expectWhole(): Promise<void> {
  expect(new Uint8Array(await readFile(file()))).toEqual(BODY);
  expect(await readdir(path.dirname(file()))).toEqual(['file.bin']);
}
async function leavePart(bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file()), { recursive: true });
  await writeFile(`${file()}.part`, bytes);
}

describe('download', () => {
  it('brings a file and tells how far it is', async () => {
    const seen: { received: number; total?: number }[] = [];
    await fetchFrom(await serve(ranged(BODY)), { onProgress: (progress) => seen.push(progress) });
    await expectWhole();
    expect(seen.at(-1)).toEqual({ received: BODY.length, total: BODY.length });
    expect(seen.map(({ received }) => received)).toEqual(
      seen.map(({ received }) => received).sort((a, b) => a - b),
    );
  });

  it('goes on where the connection broke, in the same call', async () => {
    await fetchFrom(await serve(ranged(BODY, (request) => (request <= 3 ? 20_000 : 1e9))));
    await expectWhole();
    expect(ranges).toEqual([undefined, 'bytes=20000-', 'bytes=40000-', 'bytes=60000-']);
  });

  it('goes on where an earlier call stopped', async () => {
    const url = await serve(ranged(BODY, (request) => (request === 1 ? 30_000 : 1e9)));
    await expect(fetchFrom(url, { retries: 0 })).rejects.toThrow(
      /file.bin: the download broke off \(.+\); check the network and run the command again, it goes on where it stopped/,
    );
    expect(await readdir(path.dirname(file()))).toEqual(['file.bin.part']);
    await fetchFrom(url);
    await expectWhole();
    expect(ranges).toEqual([undefined, 'bytes=30000-']);
  });

  it('begins anew where the server knows no ranges', async () => {
    await leavePart(BODY.subarray(0, 12_345));
    const url = await serve((_request, response) => response.end(BODY));
    await fetchFrom(url);
    await expectWhole();
    expect(ranges).toEqual(['bytes=12345-']);
  });

  it('begins anew when the beginning was of another file, or too long', async () => {
    for (const part of [new Uint8Array(5000), new Uint8Array(200_000)]) {
      await leavePart(part);
      await fetchFrom(await serve(ranged(BODY)));
      await expectWhole();
      expect(ranges.at(-1)).toBeUndefined();
      server.close();
      await rm(file());
    }
  });

  it('needs nothing more when only the name was missing', async () => {
    await leavePart(BODY);
    await fetchFrom(await serve(ranged(BODY)));
    await expectWhole();
    expect(ranges).toEqual([`bytes=${BODY.length}-`]);
  });

  it('refuses and removes a file with another checksum', async () => {
    const other = BODY.slice();
    other[500]++;
    const url = await serve(ranged(other));
    const found = createHash('sha256').update(other).digest('hex');
    await expect(fetchFrom(url)).rejects.toThrow(
      `${url}: expected a file with SHA-256 ${sha256}, found ${found}; the file was not kept`,
    );
    expect(await readdir(path.dirname(file()))).toEqual([]);
    expect(ranges).toHaveLength(1);
  });

  it('asks again when the server is busy, not when there is no such file', async () => {
    const busy = await serve((request, response) => {
      if (ranges.length < 3) response.writeHead(503).end();
      else ranged(BODY)(request, response);
    });
    await fetchFrom(busy);
    await expectWhole();
    server.close();
    ranges = [];
    const missing = await serve((_request, response) => response.writeHead(404).end());
    const failed = fetchFrom(missing, { file: path.join(folder, 'other') });
    await expect(failed).rejects.toThrow(
      'expected a file, the server answered 404 Not Found; check the address',
    );
    await expect(failed).rejects.toThrow(UserError);
    expect(ranges).toHaveLength(1);
  });

  it('stops when it is told to, and keeps what it has', async () => {
    const controller = new AbortController();
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': BODY.length });
      response.write(BODY.subarray(0, 50_000));
    });
    const stopped = fetchFrom(url, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(await readdir(path.dirname(file()))).toEqual(['file.bin.part']);
  });

  it('names a place that cannot be written', async () => {
    await writeFile(path.join(folder, 'deep'), 'a file');
    await expect(fetchFrom(await serve(ranged(BODY)))).rejects.toThrow(
      /cannot be written: .* choose another place/,
    );
  });
});

describe('the archive of CIFAR-10', () => {
  it('is pinned by its published size and checksums', async () => {
    expect(CIFAR10_ARCHIVE.bytes).toBe(170_052_171);
    expect(CIFAR10_ARCHIVE.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(CIFAR10_ARCHIVE.md5).toMatch(/^[0-9a-f]{32}$/);
  });
});
