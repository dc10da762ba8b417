/** What of the package is there: parts with native libraries may be missing, and nothing here may break for that. */

import path from 'node:path';
import { loadSharp } from '../../data/pictures/sharp.ts';
import { chooseBuild } from '../../engine/node/onnx/choice.ts';
import { loadOrt } from '../../engine/node/onnx/ort.ts';
import { silenceTelemetry } from '../../engine/node/onnx/telemetry.ts';
import { cacheFolder } from '../../files/cache-folder.ts';
import { access, constants, stat } from '../../files/fs.ts';
import { type Ended, type Finding, runSelf, safely } from './probe.ts';

/** Names of ONNX Runtime's providers. Loads the library, so it is for a process of its own. */
export async function providers(): Promise<string> {
  silenceTelemetry();
  return (await loadOrt()).providers.join(', ');
}

/** @param run runs this program; tests put something else in its place */
export async function examineInstallation(
  run: (args: readonly string[]) => Promise<Ended> = runSelf,
): Promise<Finding[]> {
  const looks = [
    safely('onnxruntime', async () => [await examineOnnxRuntime(run)]),
    safely('pictures', () => [examinePictures()]),
    safely('cache', async () => [await examineCache()]),
  ];
  return (await Promise.all(looks)).flat();
}

async function examineOnnxRuntime(run: (args: readonly string[]) => Promise<Ended>): Promise<Finding> {
  const name = 'onnxruntime';
  const { version, missing } = chooseBuild();
  if (missing) {
    const text = `${version}, slower than the native library: ${missing.why}`;
    return { verdict: 'missing', name, text, cure: missing.cure };
  }
  const { status, output, errors } = await run(['doctor', '--providers']);
  if (status === 0) {
    return { verdict: 'good', name, text: `${version}, knows the providers ${output.trim()}` };
  }
  const words = errors
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^error: /i, '');
  return { verdict: 'missing', name, text: `${version}, cannot be loaded: ${words || 'its process died'}` };
}

function examinePictures(): Finding {
  const name = 'pictures';
  try {
    const { versions } = loadSharp();
    return { verdict: 'good', name, text: `sharp ${versions.sharp}, libvips ${versions.vips}` };
  } catch (error) {
    const [text, cure] = (error as Error).message.split('. Install');
    return { verdict: 'missing', name, text, cure: cure && `Install${cure}` };
  }
}

/** Whether downloads can be kept, found out without making anything. */
async function examineCache(): Promise<Finding> {
  const name = 'cache';
  const folder = cacheFolder();
  try {
    await checkWritable(folder);
    return { verdict: 'good', name, text: folder };
  } catch (error) {
    return {
      verdict: 'missing',
      name,
      text: `${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`,
      cure: 'Downloads and unpacked archives go there: name another folder with --cache, or in PUSHPULL_CACHE.',
    };
  }
}

/** The folder, or what is there of the way to it, takes new files. */
async function checkWritable(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && path.dirname(folder) !== folder) return undefined;
    throw error;
  });
  if (!found) return await checkWritable(path.dirname(folder));
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
  await access(folder, constants.W_OK | constants.X_OK);
}
