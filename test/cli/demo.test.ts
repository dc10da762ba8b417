import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pushpull } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-cli-demo-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the quick demo goes through the whole story, and a second one finds it done', async () => {
  const out = join(folder, 'demo');
  const first = await pushpull('demo', '--quick', '--out', out);
  expect(first.stderr).toMatch(/1\/5 Train a plain network/);
  expect(first.stderr).toMatch(/5\/5 Compare/);
  expect(first.status).toBe(0);
  expect(first.stdout).toMatch(/baseline +\.\d/);
  expect(first.stdout).toMatch(/push-pull avg3/);
  expect(first.stdout).toContain(`report: ${join(out, 'report', 'report.html')}`);
  expect(readFileSync(join(out, 'report', 'report.html'), 'utf8')).toContain('mCE');
  for (const file of ['plain.json', 'pushpull.json']) {
    expect(JSON.parse(readFileSync(join(out, file), 'utf8'))).toMatchObject({
      complete: true,
      clean: { images: 16 },
    });
  }
  expect(existsSync(join(out, 'plain', 'model.onnx'))).toBe(true);

  const again = await pushpull('demo', '--quick', '--out', out);
  expect(again.status).toBe(0);
  const table = (text: string) => text.slice(text.indexOf('baseline'));
  expect(table(again.stdout)).toBe(table(first.stdout));

  const other = await pushpull('demo', '--out', out);
  expect(other.status).toBe(2);
  expect(other.stderr).toMatch(/^error: --out .*holds a demo with other settings/);
});
