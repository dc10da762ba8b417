import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BENCHMARK_CORRUPTIONS, CORRUPTIONS, MODELS } from '../src/index.ts';

const source = new URL('../src/index.ts', import.meta.url);
const tsx = fileURLToPath(import.meta.resolve('tsx'));

/** The examples of the module's docstring, by name. */
function examples(): Map<string, string> {
  const blocks = readFileSync(source, 'utf8').matchAll(/ \* ```ts (\w+)\n([\s\S]*?) \* ```/g);
  return new Map([...blocks].map(([, name, text]) => [name, text.replaceAll(/^ \* ?/gm, '')]));
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Run an example in the test's folder; the later ones use what the earlier ones made. */
async function runExample(name: string): Promise<string> {
  const file = join(folder, `${name}.mts`);
  writeFileSync(
    file,
    examples()
      .get(name)!
      .replace("from 'pushpull-net'", `from ${JSON.stringify(source.href)}`),
  );
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', tsx, file], {
    cwd: folder,
  });
  expect(stderr).toBe('');
  return stdout;
}

describe('the examples of the library', () => {
  it('are the four that the guide promises', () => {
    expect([...examples().keys()]).toEqual(['train', 'evaluate', 'corrupt', 'layer']);
  });

  it('train, then evaluate', async () => {
    expect(await runExample('train')).toMatch(/^0\.\d+\ntest loss \d+\.\d+\n$/);
    expect(existsSync(join(folder, 'runs', 'pushpull', 'model.onnx'))).toBe(true);
    expect(await runExample('evaluate')).toMatch(/^[\d.]+ \[ [\d.]+, null, null, null, [\d.]+ \]\n$/);
  });

  it('corrupt, and the layer alone', async () => {
    expect(await runExample('corrupt')).toMatch(/^Uint8Array\(3\) \[ \d+, \d+, \d+ \]\n$/);
    expect(await runExample('layer')).toBe('[ 1, 8, 32, 32 ]\n');
  });
});

it('gives the names of the benchmark', () => {
  expect(CORRUPTIONS).toHaveLength(19);
  expect(BENCHMARK_CORRUPTIONS).toHaveLength(15);
  expect(MODELS.map(({ name }) => name)).toContain('resnet18');
});
