/** ONNX Runtime itself, loaded in the engine's thread. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliDecompressSync } from 'node:zlib';
import type * as Ort from 'onnxruntime-common';
import { UserError } from '../../../errors.ts';
import { chooseBuild } from './choice.ts';

export interface LoadedOrt {
  readonly ort: typeof Ort;
  /** Names of the execution providers that this installation has. */
  readonly providers: readonly string[];
  readonly version: string;
  /** Computes in WebAssembly, on the CPU alone. */
  readonly isWasm: boolean;
}

/** @throws UserError where the native library is there and does not load */
export async function loadOrt(threads?: number): Promise<LoadedOrt> {
  const { kind, version } = chooseBuild();
  if (kind === 'wasm') return { ...(await loadWasm(threads)), version, isWasm: true };
  try {
    const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');
    return { ort, providers: ort.listSupportedBackends().map(({ name }) => name), version, isWasm: false };
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new UserError(
      `ONNX Runtime: its native library cannot be loaded (${reason}). Install again with: npm ci, or npm install; ` +
        'without it, slower: PUSHPULL_ONNXRUNTIME=wasm',
    );
  }
}

async function loadWasm(threads = 1): Promise<Pick<LoadedOrt, 'ort' | 'providers'>> {
  // `npm run build` puts the three files that are needed beside this module: the package has 130 MB.
  const built = new URL('./wasm/ort.node.min.mjs', import.meta.url);
  const source: string = existsSync(built) ? built.href : 'onnxruntime-web';
  const ort = (await import(source)) as typeof Ort;
  // The package has it by Brotli.
  const packed = new URL('./wasm/ort-wasm-simd-threaded.wasm.br', import.meta.url);
  if (existsSync(packed))
    ort.env.wasm.wasmBinary = new Uint8Array(brotliDecompressSync(readFileSync(packed)));
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { ort, providers: ['cpu'] };
}
