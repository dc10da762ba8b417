import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const tsx = fileURLToPath(import.meta.resolve('tsx'));
const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

/** Loads a graph in a process of its own; tells the log that ONNX Runtime's telemetry opens there, and whether it did. */
async function loadModel(env: Readonly<Record<string, string>>): Promise<boolean> {
  const code = `
    const { createEngine } = await import(${source('engine/node/index.ts')});
    const { Graph } = await import(${source('graph/graph.ts')});
    const F = await import(${source('graph/functional.ts')});
    const { lowerGraph } = await import(${source('onnx/lower/index.ts')});
    const { encodeModel } = await import(${source('onnx/model.ts')});
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const target = { device: 'cpu' };
    const bytes = encodeModel(lowerGraph(new Map([['y', F.mul(x, x)]]), { target, name: 'square' }));
    const engine = await createEngine({ device: 'cpu', threads: 1 });
    await (await engine.loadModel(bytes)).dispose();
    await engine.close();
    console.log(process.pid);
  `;
  // Nothing of this environment but where programs are: under `CI` ONNX Runtime is silent by itself.
  const { PATH = '' } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', tsx, '--input-type=module', '--eval', code],
    { env: { PATH, ...env } },
  );
  const log = `/tmp/mat-debug-${stdout.trim()}.log`;
  const opened = existsSync(log);
  rmSync(log, { force: true });
  return opened;
}

// Elsewhere nothing is known that would show it.
describe.runIf(process.platform === 'linux')('what ONNX Runtime tells its makers', () => {
  test('is nothing, unless one asks for it', async () => {
    expect(await loadModel({})).toBe(false);
    expect(await loadModel({ ORT_DISABLE_TELEMETRY: '0' })).toBe(true);
  });
});
