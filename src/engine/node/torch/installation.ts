/** What PyTorch or libtorch lies in a folder, told by its files alone: nothing is loaded and no Python runs. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The first release with the stable C functions that the engine calls. */
const OLDEST = [2, 10] as const;
export const OLDEST_TORCH = OLDEST.join('.');

const LIBRARIES: Readonly<Partial<Record<NodeJS.Platform, { cpu: string; cuda: string }>>> = {
  linux: { cpu: 'libtorch_cpu.so', cuda: 'libtorch_cuda.so' },
  darwin: { cpu: 'libtorch_cpu.dylib', cuda: 'libtorch_cuda.dylib' },
  win32: { cpu: 'torch_cpu.dll', cuda: 'torch_cuda.dll' },
};

/** A PyTorch that can be used. */
export interface Installation {
  /** The folder with libtorch_cpu in it. Links are kept: the library finds its neighbours by the path it is opened with. */
  readonly lib: string;
  readonly version: string;
  /** The CUDA release that it was built with; 'unknown' where the files do not say. */
  readonly cuda: string | undefined;
}

/** A PyTorch that cannot be used. */
export interface Flaw {
  /** To be read after "expected PyTorch 2.10 or later, ". */
  readonly problem: string;
  readonly cure: string;
}

/** Name of the library that every installation has. */
export function cpuLibrary(platform: NodeJS.Platform): string {
  return librariesOf(platform).cpu;
}

function librariesOf(platform: NodeJS.Platform): { cpu: string; cuda: string } {
  return LIBRARIES[platform] ?? { cpu: 'libtorch_cpu.so', cuda: 'libtorch_cuda.so' };
}

/**
 * Look at a `torch` package or an unpacked libtorch.
 *
 * @param root the folder that has `lib` in it
 * @returns undefined where there is neither
 */
export async function lookAt(
  root: string,
  platform: NodeJS.Platform,
): Promise<Installation | Flaw | undefined> {
  try {
    const names = librariesOf(platform);
    const lib = await firstWith(names.cpu, libraryFolders(root));
    const declared = await declaredVersion(root);
    if (declared === undefined) {
      if (lib === undefined || dirname(lib) !== root) return undefined;
      return {
        problem: `found ${join(lib, names.cpu)} without a version beside it (version.py or build-version)`,
        cure: 'install it again with: pip install --force-reinstall torch',
      };
    }
    const { version } = declared;
    if (!isRecent(version))
      return {
        problem: `found PyTorch ${version} in ${root}`,
        cure: 'upgrade it with: pip install --upgrade torch',
      };
    if (lib === undefined)
      return {
        problem: `found PyTorch ${version} in ${root} without ${names.cpu} in its lib folder`,
        cure: 'install it again with: pip install --force-reinstall torch',
      };
    const hasCuda = await isFile(join(lib, names.cuda));
    return { lib, version, cuda: hasCuda ? (declared.cuda ?? 'unknown') : undefined };
  } catch (error) {
    return {
      problem: `found ${root}, which cannot be read (${(error as Error).message})`,
      cure: 'make it readable for this user',
    };
  }
}

/** A wheel's libraries lie in the package; conda's lie with those of the environment. */
function libraryFolders(root: string): string[] {
  const own = join(root, 'lib');
  if (basename(root) !== 'torch') return [own];
  const environment = dirname(dirname(dirname(root)));
  return [own, environment, join(environment, 'Library', 'bin')];
}

async function firstWith(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if (await isFile(join(folder, name))) return folder;
  return undefined;
}

interface Declared {
  readonly version: string;
  readonly cuda: string | undefined;
}

async function declaredVersion(root: string): Promise<Declared | undefined> {
  const python = await textOf(join(root, 'version.py'));
  const version = python?.match(/^__version__\b[^=\n]*=\s*['"]([^'"]+)['"]/m)?.[1];
  if (python !== undefined && version !== undefined) {
    const cuda = python.match(/^cuda\b[^=\n]*=\s*['"]([^'"]+)['"]/m)?.[1];
    return { version, cuda: cuda ?? cudaOf(version) };
  }
  const built = (await textOf(join(root, 'build-version')))?.trim();
  if (built) return { version: built, cuda: cudaOf(built) };
  if (basename(root) !== 'torch') return undefined;
  const named = (await namesIn(dirname(root)))
    .map((name) => name.match(/^torch-(\d[^-]*)\.dist-info$/)?.[1])
    .find((found) => found !== undefined);
  // A package that was removed may leave its metadata or its folder: only both together count.
  if (named === undefined || (await namesIn(root)).length === 0) return undefined;
  return { version: named, cuda: cudaOf(named) };
}

/** `2.15.0+cu132` was built with CUDA 13.2. */
function cudaOf(version: string): string | undefined {
  const digits = version.match(/\+cu(\d{2,3})\b/)?.[1];
  return digits === undefined ? undefined : `${digits.slice(0, -1)}.${digits.slice(-1)}`;
}

function isRecent(version: string): boolean {
  const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** @throws where the file is there and cannot be read */
async function textOf(path: string): Promise<string | undefined> {
  return unlessAbsent(readFile(path, 'utf8'), undefined);
}

/** @throws where the folder is there and cannot be read */
async function namesIn(folder: string): Promise<string[]> {
  return unlessAbsent(readdir(folder), []);
}

/** @throws where it cannot be told */
async function isFile(path: string): Promise<boolean> {
  const found = await unlessAbsent(stat(path), undefined);
  return found?.isFile() ?? false;
}

async function unlessAbsent<T, U>(read: Promise<T>, absent: U): Promise<T | U> {
  try {
    return await read;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return absent;
    throw error;
  }
}
