/** The package's subpaths: what `exports` names exists, and loads and computes in a browser as it does in Node. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { augment, createImage, randomStream } from '../src/augment/index.ts';
import { corrupt } from '../src/corrupt/index.ts';
import { openChromium } from './support/chromium.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { exports } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  exports: Record<string, { types: string; default: string }>;
};
const SUBPATHS = ['augment', 'corrupt', 'graph', 'nn'];

const source = (subpath: string): string =>
  `${ROOT}${exports[subpath]!.default.replace('./dist/', 'src/').replace(/js$/, 'ts')}`;

/** A picture with edges and colours, the same everywhere. */
const PICTURE = `
  const image = createImage(40, 32);
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7 + (i >> 5) * 31) % 256;
`;
const CORRUPTIONS = ['gaussian_noise', 'glass_blur', 'fog', 'frost', 'elastic_transform', 'jpeg_compression'];

function picture() {
  const image = createImage(40, 32);
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7 + (i >> 5) * 31) % 256;
  return image;
}

describe('subpaths', () => {
  it('are files that the build writes, with types beside them', () => {
    expect(Object.keys(exports).sort()).toEqual(['.', ...SUBPATHS.map((name) => `./${name}`)]);
    for (const [subpath, { types, default: file }] of Object.entries(exports)) {
      expect(existsSync(source(subpath)), subpath).toBe(true);
      expect(types).toBe(file.replace(/js$/, 'd.ts'));
    }
  });

  it('compute in Chromium what they compute in Node', async () => {
    const imports = SUBPATHS.map(
      (name) => `import * as ${name} from ${JSON.stringify(source(`./${name}`))};`,
    );
    const { outputFiles } = await build({
      stdin: {
        contents: `${imports.join('\n')}
          const { createImage } = corrupt;
          ${PICTURE}
          globalThis.results = {
            corrupted: ${JSON.stringify(CORRUPTIONS)}.map((corruption) =>
              [...corrupt.corrupt(image, { corruption, severity: 3, set: 'cifar', seed: 5, index: 2 }).data]),
            augmented: [...augment.augment(image, 'augmix', augment.randomStream('picture', 5)).data],
            layer: typeof nn.PushPullConv2d,
            graph: graph.floats(graph.float32([1, 2], [2])).length,
          };`,
        resolveDir: ROOT,
      },
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    const browser = await openChromium();
    if (!browser) return;
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', (error) => failures.push(error.message));
      await page.addScriptTag({ content: outputFiles[0]!.text, type: 'module' });
      await page.waitForFunction('globalThis.results !== undefined').catch(() => {
        throw new Error(failures.join('\n'));
      });
      const results = await page.evaluate<{
        corrupted: number[][];
        augmented: number[];
        layer: string;
        graph: number;
      }>('results');
      const expected = CORRUPTIONS.map((corruption) => [
        ...corrupt(picture(), {
          corruption: corruption as 'fog',
          severity: 3,
          set: 'cifar',
          seed: 5,
          index: 2,
        }).data,
      ]);
      for (const [at, name] of CORRUPTIONS.entries())
        expect(results.corrupted[at], name).toEqual(expected[at]);
      const random = randomStream('picture', 5);
      expect(results.augmented).toEqual([...augment(picture(), 'augmix', random).data]);
      expect(results).toMatchObject({ layer: 'function', graph: 2 });
    } finally {
      await browser.close();
    }
  });
});
