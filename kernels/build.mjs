/**
 * Compiles kernels/image.ts (AssemblyScript) to src/image/kernels.wasm.ts.
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

const source = fileURLToPath(new URL('./image.ts', import.meta.url));
const target = fileURLToPath(new URL('../src/image/kernels.wasm.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kernels-'));
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
try {
  const binary = join(folder, 'kernels.wasm');
  execFileSync('npx', ['--yes', '-p', COMPILER, 'asc', source, ...options, '-o', binary], {
    stdio: 'inherit',
  });
  const module = readFileSync(binary).toString('base64');
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex');
  writeFileSync(
    target,
    `// Written by kernels/build.mjs from kernels/image.ts.

/** SHA-256 of the source. */
export const SOURCE_HASH = '${hash}';

/** The WebAssembly module, in base64. */
export const MODULE =
  '${module}';
`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
