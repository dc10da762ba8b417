import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two cores are the target machine, and ONNX Runtime brings threads of its own.
    maxWorkers: 2,
    pool: 'forks',
    // What is printed is compared as text; picocolors takes CI for a terminal with colours.
    env: { NO_COLOR: '1' },
  },
});
