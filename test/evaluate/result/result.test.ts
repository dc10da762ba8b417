import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatResult, readResult, validateResult } from '../../../src/evaluate/result/result.ts';
import { exampleResult } from '../results.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pushpull-result-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const file = path.join(folder, 'result.json');
  await writeFile(file, text);
  return readResult(file);
}

describe('result files', () => {
  it('survive writing and reading, a row of errors on one line', async () => {
    const result = exampleResult();
    const text = formatResult(result);
    expect(text).toContain('"fog": [0.4, 0.4, 0.4, 0.4, 0.4]');
    expect(await read(text)).toEqual(result);
    expect(formatResult(await read(text))).toBe(text);
  });

  it('tell what computed; those of versions that had one engine need not', async () => {
    const result = exampleResult();
    const torch = { engine: 'torch', torch: '2.15.0', precision: 'bfloat16', tf32: true } as const;
    const told = { ...result, environment: { ...result.environment, ...torch } };
    expect(await read(formatResult(told))).toEqual(told);
    const other = { ...told, environment: { ...told.environment, precision: 'float16' } };
    expect(() => validateResult(other, 'x.json')).toThrow(/environment.precision is wrong/);
  });

  it('keep text with brackets as it is', async () => {
    const result = exampleResult({ name: 'a [ 1,\n 2 ] b', path: '/x [3] y' });
    expect((await read(formatResult(result))).data).toEqual(result.data);
  });

  it('of another schema are refused with file, expectation and finding', async () => {
    const other = { ...exampleResult(), schema: 'pushpull.result/2' };
    await expect(read(JSON.stringify(other))).rejects.toThrow(
      /result.json: expected a result file with schema "pushpull.result\/1", found schema "pushpull.result\/2"; give/,
    );
    expect(() => validateResult([], 'x.json')).toThrow(/found no schema field/);
    expect(() => validateResult(null, 'x.json')).toThrow(/found no schema field/);
  });

  it('that are damaged name the field', async () => {
    const damaged = exampleResult();
    damaged.errors.fog[2] = 1.5;
    await expect(read(JSON.stringify(damaged))).rejects.toThrow(/errors.fog.2 is wrong/);
    expect(() => formatResult(damaged)).toThrow();
  });

  it('that are missing or no JSON say so', async () => {
    await expect(readResult(path.join(folder, 'none.json'))).rejects.toThrow(/none.json: .*no such file/);
    await expect(read('error,0.1')).rejects.toThrow(/expected a result file \(JSON\), found something else/);
    await expect(readResult(folder)).rejects.toThrow(/expected a result file, found none/);
  });
});
