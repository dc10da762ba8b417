/** The page's script: `client/`, TypeScript for the browser, as one text. Without it the page shows the same figures. */
import { fileURLToPath } from 'node:url';
import { readFile } from '../../files/fs.ts';

let text: Promise<string> | undefined;

/** The script as the package holds it; where the source runs it is bundled in each process, so that it is never stale. */
export async function pageScript(): Promise<string> {
  text ??= import.meta.url.endsWith('.ts')
    ? bundleScript(fileURLToPath(new URL('client/page.ts', import.meta.url)))
    : readFile(new URL('client.js', import.meta.url), 'utf8');
  return await text;
}

/** Bundles the script from its source, for `scripts/build.mjs` too; esbuild is there only where the package is developed. */
export async function bundleScript(entry: string): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, minify: true, write: false },
    ...{ format: 'esm', target: 'es2022', charset: 'utf8' },
  });
  return outputFiles[0]!.text;
}
