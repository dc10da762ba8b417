/**
 * `npm run build`: compiles src to dist, bundles the report page's script, and puts ONNX Runtime's WebAssembly beside what
 * loads it.
 *
 * As `npm run prepare` it also runs where only what is needed to run was installed (`npm ci --omit=dev`): without a
 * compiler, what was built before stays.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { placeWasm } from './wasm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

const compiler = find('typescript/package.json');
if (compiler === undefined) {
  if (!existsSync(join(root, 'dist', 'index.js'))) {
    console.log('pushpull is not built: that takes its development packages (npm ci, without --omit=dev)');
  }
  process.exit(0);
}

const tsc = join(dirname(compiler), 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

const page = join(root, 'dist', 'report', 'page');
const { bundleScript } = await import(pathToFileURL(join(page, 'script.js')).href);
writeFileSync(
  join(page, 'client.js'),
  await bundleScript(join(root, 'src', 'report', 'page', 'client', 'page.ts')),
);

placeWasm({ pack: false });

/** @param {string} name */
function find(name) {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
