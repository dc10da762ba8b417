/**
 * Compiles kernels/*.ts (AssemblyScript) to src/image/kernels.wasm.ts.
 *
 * The compiler is fetched for this one run: it is large, and only who edits the kernels needs it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';

const SOURCES = ['index.ts', 'image.ts', 'jpeg.ts', 'levels.ts', 'resize.ts'];

const here = fileURLToPath(new URL('.', import.meta.url));
const target = fileURLToPath(new URL('../src/image/kernels.wasm.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kernels-'));
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
try {
  const binary = join(folder, 'kernels.wasm');
  execFileSync('npx', ['--yes', '-p', COMPILER, 'asc', join(here, SOURCES[0]), ...options, '-o', binary], {
    stdio: 'inherit',
  });
  const module = readFileSync(binary).toString('base64');
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(join(here, name)));
  writeFileSync(
    target,
    `// Written by kernels/build.mjs from kernels/*.ts.

/** SHA-256 of the sources. */
export const SOURCE_HASH = '${hash.digest('hex')}';

/** The WebAssembly module, in base64. */
export const MODULE =
  '${module}';
`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
