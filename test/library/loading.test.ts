import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** What is loaded before a program's first line runs: the own files, and the packages, none of which is loaded later. */
async function loadedBy(entry: string): Promise<{ files: string[]; packages: string[] }> {
  const { metafile } = await build({
    ...{ entryPoints: [entry], absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)) },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm' },
    ...{ write: false, outdir: 'unwritten', metafile: true, logLevel: 'silent' },
  });
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const { path, kind, external } of metafile.inputs[file]!.imports) {
      if (kind !== 'import-statement') continue;
      if (!external) files.add(path);
      else if (!path.startsWith('node:'))
        packages.add(path.split('/', path.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return { files: [...files], packages: [...packages].sort() };
}

describe('what a start loads', () => {
  it('of the library is what its functions without files need, and no format of data', async () => {
    const { files, packages } = await loadedBy('src/index.ts');
    expect(packages).toEqual([
      ...['@noble/hashes', 'fft.js', 'picocolors', 'protobufjs', 'pure-rand', 'zod'],
    ]);
    expect(files).toContain('src/corrupt/index.ts');
    expect(
      files.filter((file) => /\/data\/formats\/|\/engine\/node\/torch|\/report\/page\//.test(file)),
    ).toEqual([]);
    expect(files.length).toBeLessThan(260);
  });

  it('of the command that is asked for its version is that and no more', async () => {
    const { files, packages } = await loadedBy('src/cli/main.ts');
    expect(packages).toEqual([]);
    expect(files).toContain('src/cli/version.ts');
    expect(files.length).toBeLessThan(10);
  });
});
