import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { findTorch } from './src/engine/node/torch/find.ts';

/** What is tried on every engine: the tests that take theirs from test/support/engine.ts. */
const ON_EVERY_ENGINE = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`)
  .filter((file) => readFileSync(file, 'utf8').includes("/support/engine.ts'"));

// With PUSHPULL_REQUIRE_TORCH set, as in CI, a machine without libtorch is an error, so that its tests cannot silently stay
// out.
const torch = await findTorch().then(
  () => true,
  (error: unknown) => {
    if (process.env.PUSHPULL_REQUIRE_TORCH) throw error;
    return false;
  },
);

const shared = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // What is printed is compared as text; picocolors takes CI for a terminal with colours. Two tests run at a time: libtorch's
  // threads would spin at barriers while those of the other one have the cores. What a developer downloaded, such as all of
  // MNIST, stays out of it.
  env: {
    NO_COLOR: '1',
    OMP_WAIT_POLICY: 'passive',
    PUSHPULL_CACHE: resolve('node_modules/.cache/pushpull-test'),
  },
};

export default defineConfig({
  test: {
    // Two cores are the target machine, and the engines bring threads of their own.
    maxWorkers: 2,
    pool: 'forks',
    projects: [
      { test: { ...shared, name: 'onnxruntime', include: ['test/**/*.test.ts'] } },
      ...(torch
        ? [
            {
              test: {
                ...shared,
                name: 'torch',
                include: ON_EVERY_ENGINE,
                env: { ...shared.env, PUSHPULL_TEST_ENGINE: 'torch' },
              },
            },
          ]
        : []),
    ],
  },
});
