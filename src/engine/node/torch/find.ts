/** Finds the libtorch of an installed PyTorch, or an unpacked one, by looking for files. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../../../errors.ts';
import { homeFolder } from '../home.ts';
import { cpuLibrary, type Flaw, type Installation, lookAt, OLDEST_TORCH } from './installation.ts';
import { type Machine, pythonOnPath, sitesOfEnvironment, sitesOfInterpreter } from './pythons.ts';

/** For which machines PyTorch is published. */
const MACHINES = ['linux x64', 'linux arm64', 'darwin arm64', 'win32 x64'];

export interface FoundTorch extends Installation {
  /** How it was found: "--torch", "PUSHPULL_TORCH", "the active virtual environment", "python3 on PATH", … */
  readonly from: string;
  /** Those that came first and cannot be used, a phrase each. */
  readonly passedOver: readonly string[];
}

export interface FindTorchOptions extends Partial<Machine> {
  /** `--torch`: a Python environment, a site-packages folder, the `torch` in it, its `lib`, or an unpacked libtorch. */
  readonly path?: string;
  readonly arch?: string;
}

/** There is no libtorch that can be used. */
export class NoTorchError extends UserError {
  constructor(
    /** What was expected of whom, and what was found. */
    readonly problem: string,
    readonly cure: string,
  ) {
    super(`${problem}; ${cure}`);
  }
}

/** A Python that is looked at: how people know it, where it is, and its folders of packages. */
interface Place {
  readonly from: string;
  readonly path: string;
  readonly sites: readonly string[];
}

/**
 * The libtorch to use: where `--torch` or else `PUSHPULL_TORCH` says, and nowhere else; or the first one that can be used
 * of the active virtual environment, the active conda environment, and the `python3` and `python` on PATH.
 *
 * @throws NoTorchError where there is none, with where it was looked for and the way to get it
 */
export async function findTorch(options: FindTorchOptions = {}): Promise<FoundTorch> {
  const {
    path,
    env = process.env,
    platform = process.platform,
    arch = process.arch,
    // Without one, no environment is in it.
    home = homeFolder() ?? '/',
    cwd = process.cwd(),
  } = options;
  const machine = { env, platform, home, cwd };
  if (!MACHINES.includes(`${platform} ${arch}`))
    throw new NoTorchError(
      'the torch engine: expected Linux on x64 or arm64, macOS on arm64 or Windows on x64, for which PyTorch is made; ' +
        `found ${platform} on ${arch}`,
      'use --engine onnxruntime',
    );
  if (path !== undefined) return named(path, '--torch', machine);
  if (env.PUSHPULL_TORCH) return named(env.PUSHPULL_TORCH, 'PUSHPULL_TORCH', machine);
  return searched(machine);
}

async function named(path: string, from: string, machine: Machine): Promise<FoundTorch> {
  const folder = resolve(machine.cwd, path);
  const where = from.startsWith('--') ? `${from} ${path}` : `${from}=${path}`;
  const flaws: Flaw[] = [];
  for (const root of await rootsOf(folder, machine)) {
    const found = await lookAt(root, machine.platform);
    if (found === undefined) continue;
    if ('lib' in found) return { ...found, from, passedOver: [] };
    flaws.push(found);
  }
  if (flaws.length > 0)
    throw new NoTorchError(
      `${where}: expected PyTorch ${OLDEST_TORCH} or later, ${flaws[0].problem}`,
      flaws[0].cure,
    );
  const present = path !== '' && (await stat(folder).catch(() => undefined)) !== undefined;
  throw new NoTorchError(
    `${where}: expected a Python environment, a site-packages folder, the torch folder in one, or an unpacked libtorch; ` +
      `${present ? `found no torch package and no lib/${cpuLibrary(machine.platform)} in it` : 'found nothing there'}`,
    `install PyTorch ${OLDEST_TORCH} or later with: pip install torch, and name the environment that pip installed it in`,
  );
}

/** Everything that a path given by a person may mean, as folders that have `lib` in them. */
async function rootsOf(path: string, machine: Machine): Promise<string[]> {
  // A Python, or the library itself.
  if (/^python[\d.]*(\.exe)?$/.test(basename(path)) && (await isProgram(path)))
    return (await sitesOfInterpreter(path, machine)).map((site) => join(site, 'torch'));
  if (basename(path) === cpuLibrary(machine.platform)) return rootsOf(dirname(path), machine);
  const folders = basename(path) === 'lib' ? [path, dirname(path)] : [path];
  const roots = folders.map(async (folder) => [
    ...(await sitesOfEnvironment(folder, machine)).map((site) => join(site, 'torch')),
    join(folder, 'torch'),
    folder,
    // What the archive unpacks to.
    join(folder, 'libtorch'),
  ]);
  return (await Promise.all(roots)).flat();
}

async function isProgram(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}

async function searched(machine: Machine): Promise<FoundTorch> {
  const places = await placesOf(machine);
  const flaws: Flaw[] = [];
  const passedOver: string[] = [];
  const seen = new Set<string>();
  for (const { from, sites } of places) {
    for (const site of sites) {
      if (seen.has(site)) continue;
      seen.add(site);
      const found = await lookAt(join(site, 'torch'), machine.platform);
      if (found === undefined) continue;
      if ('lib' in found) return { ...found, from, passedOver };
      flaws.push(found);
      passedOver.push(`${found.problem.replace(/^found /, '')} (${from})`);
    }
  }
  if (flaws.length > 0)
    throw new NoTorchError(
      `the torch engine: expected PyTorch ${OLDEST_TORCH} or later, found only ${passedOver.join('; ')}`,
      `${flaws[0].cure}, or name another with --torch PATH`,
    );
  const looked = places.map(({ from, path }) => `${from} (${path})`).join(', ');
  throw new NoTorchError(
    `the torch engine: expected PyTorch ${OLDEST_TORCH} or later, found none` +
      `${looked === '' ? ', and neither python3 nor python on PATH' : ` in ${looked}`}`,
    'install it with: pip install torch, or name its place with --torch PATH',
  );
}

async function placesOf(machine: Machine): Promise<Place[]> {
  const { VIRTUAL_ENV, CONDA_PREFIX } = machine.env;
  const places: Place[] = [];
  const environments = [
    { from: 'the active virtual environment', path: VIRTUAL_ENV },
    { from: 'the active conda environment', path: CONDA_PREFIX },
  ];
  for (const { from, path } of environments) {
    if (path) places.push({ from, path, sites: await sitesOfEnvironment(path, machine) });
  }
  for (const name of ['python3', 'python']) {
    const path = await pythonOnPath(name, machine);
    if (path === undefined) continue;
    const sites = await sitesOfInterpreter(path, machine);
    const known = new Set(places.flatMap((place) => place.sites));
    // The same Python under another name, or the active environment's, adds nothing to say.
    if (sites.some((site) => !known.has(site))) places.push({ from: `${name} on PATH`, path, sites });
  }
  return places;
}
