/**
 * ONNX Runtime's WebAssembly for dist: as it is in a clone, and by Brotli (14.2 MB become 2.3, gzip makes 3.7 of it) in the
 * package, which unpacks it into memory. Packing takes half a minute, so it is done before `npm pack` alone and kept.
 *
 *   node scripts/wasm.mjs      packs it, into dist too (`prepack`)
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Of 130 MB what Node needs for the CPU. */
const MODULES = ['ort.node.min.mjs', 'ort-wasm-simd-threaded.mjs'];
const WASM = 'ort-wasm-simd-threaded.wasm';

/** @param {{ pack: boolean }} options whether to pack it where that was not done before */
export function placeWasm({ pack }) {
  const source = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const target = join(ROOT, 'dist', 'engine', 'node', 'onnx', 'wasm');
  mkdirSync(target, { recursive: true });
  for (const file of MODULES) copyFileSync(join(source, file), join(target, file));
  const bytes = readFileSync(join(source, WASM));
  const kept = join(
    ROOT,
    'node_modules',
    '.cache',
    'pushpull',
    `${createHash('sha256').update(bytes).digest('hex')}.br`,
  );
  if (pack && !existsSync(kept)) {
    mkdirSync(dirname(kept), { recursive: true });
    writeFileSync(
      `${kept}.part`,
      brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS },
      }),
    );
    renameSync(`${kept}.part`, kept);
  }
  const packed = existsSync(kept);
  if (packed) copyFileSync(kept, join(target, `${WASM}.br`));
  else writeFileSync(join(target, WASM), bytes);
  rmSync(join(target, packed ? WASM : `${WASM}.br`), { force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) placeWasm({ pack: true });
