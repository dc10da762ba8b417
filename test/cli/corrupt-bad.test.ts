/** `pushpull corrupt` of data with images that cannot be read. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { register } from '../../src/cli/corrupt/corrupt.ts';
import { corrupt } from '../../src/corrupt/index.ts';
import { parseManifest } from '../../src/data/corrupted/manifest.ts';
import { openDataset } from '../../src/data/dataset.ts';
import { readNpy } from '../../src/data/npy/npy.ts';
import { UserError } from '../../src/errors.ts';
import { imageFolder, writeFolder } from '../data/archives.ts';

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const BAD = [path.join('test', 'cat', '0.png'), path.join('test', 'dog', '1.png')];

/** Six images, of which the first and another are broken. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'corrupt-bad-'));
  await writeFolder(at('data'), await imageFolder(['cat', 'dog'], 3, { size: 16, splits: ['test'] }));
  await writeFile(at('data', BAD[0]), 'no picture');
  await writeFile(at('data', BAD[1]), '');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(out: string, ...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')].map((spy) =>
    spy.mockImplementation(() => {}),
  );
  try {
    const program = new Command('pushpull').exitOverride();
    register(program);
    const fixed = [
      '--data',
      at('data'),
      '--corruption',
      'gaussian_noise',
      '--severity',
      '2',
      '--workers',
      '1',
    ];
    await program.parseAsync(['corrupt', ...fixed, '--out', at(out), ...words], { from: 'user' });
    const text = (spy: typeof stdout) => spy.mock.calls.map(String).join('\n');
    return { stdout: text(stdout), stderr: text(stderr) };
  } finally {
    vi.restoreAllMocks();
  }
}

it.each(['npy', 'png', 'jpeg'])(
  'is refused before anything is written as %s, and all are counted',
  async (format) => {
    const attempt = run('refused', '--format', format);
    await expect(attempt).rejects.toThrow(UserError);
    await expect(attempt).rejects.toThrow(
      `${at('data')}: expected 6 images that can be read, found 2 that cannot: ` +
        `${at('data', BAD[0])} (it is in no image format that is known), ${at('data', BAD[1])} (the file is empty); ` +
        'mend or remove them, or leave them out with --skip-bad',
    );
    await expect(readdir(at('refused'))).rejects.toThrow('ENOENT');
  },
);

it('is written without them if asked for, and the manifest says so', async () => {
  const { stdout, stderr } = await run('arrays', '--format', 'npy', '--skip-bad');
  expect(stdout).toMatch(/^4 pictures: 4 images of data/);
  expect(stderr).toContain(
    `left out    2 images that could not be read, listed in ${at('arrays', 'bad-images.tsv')}`,
  );
  expect(stderr).toContain(`${at('data', BAD[1])}: the file is empty`);
  expect(await readFile(at('arrays', 'bad-images.tsv'), 'utf8')).toContain(
    `${at('data', BAD[1])}\tthe file is empty`,
  );
  const manifest = parseManifest(await readFile(at('arrays', 'manifest.json'), 'utf8'), 'manifest.json')!;
  expect(manifest.data).toMatchObject({
    images: 4,
    unreadable: [
      { path: at('data', BAD[0]), reason: 'it is in no image format that is known' },
      { path: at('data', BAD[1]), reason: 'the file is empty' },
    ],
  });
  // No gap in the rows, and each the pixels that an evaluation makes, which numbers all images.
  const { shape, data } = await readNpy(at('arrays', 'gaussian_noise.npy'));
  expect(shape).toEqual([4, 16, 16, 3]);
  expect([...(await readNpy(at('arrays', 'labels.npy'))).data]).toEqual([0, 0, 1, 1]);
  const dataset = await openDataset(at('data'), 'test');
  for (const [row, index] of [1, 2, 3, 5].entries()) {
    const image = await dataset.read(index);
    const expected = corrupt(image, {
      corruption: 'gaussian_noise',
      severity: 2,
      set: 'cifar',
      seed: 0,
      index,
    });
    expect(data.slice(row * 768, (row + 1) * 768)).toEqual(expected.data);
  }
  await dataset.close();
});

it('keeps the names of the others in folders', async () => {
  await run('folders', '--format', 'jpeg', '--set', 'imagenet', '--skip-bad');
  expect(await readdir(at('folders', 'gaussian_noise', '2', 'cat'))).toEqual(['1.JPEG', '2.JPEG']);
  expect(await readdir(at('folders', 'gaussian_noise', '2', 'dog'))).toEqual(['0.JPEG', '2.JPEG']);
});

it('stops beyond the limit, and lists them', async () => {
  await expect(run('limit', '--skip-bad', '--max-bad', '1')).rejects.toThrow(
    'expected at most 1 of 6 images that cannot be read (--max-bad), found 2',
  );
  expect(await readdir(at('limit'))).toEqual(['bad-images.tsv']);
  await expect(run('limit', '--max-bad', '1')).rejects.toThrow('--max-bad: expected --skip-bad with it');
});
