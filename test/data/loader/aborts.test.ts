import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('./aborts.ts', import.meta.url));
const ROUNDS = 200;

it('a pass over data settles, whenever it is given up', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, String(ROUNDS), '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect(status, 'with 13, a promise never settled').toBe(0);
  const { left, failed, closed, whole } = JSON.parse(printed);
  expect(left + failed + closed + whole).toBe(ROUNDS);
  for (const some of [left, failed, closed]) expect(some).toBeGreaterThan(0);
});
