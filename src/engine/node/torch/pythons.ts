/** Where Pythons keep their packages, told by files alone: starting one takes a second and may run anything. */
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';

/** What of the machine is looked at; tests lay out their own. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
}

/** The packages' folders of a virtual environment, a conda environment or an installation, by its own folder. */
export async function sitesOfEnvironment(prefix: string, machine: Machine): Promise<string[]> {
  const settings = await venvSettings(prefix);
  if (settings === undefined) return sitesOfPrefix(prefix, await versionsIn(prefix), machine);
  const { version, home, systemSites } = settings;
  const own = await sitesOfPrefix(prefix, await versionsIn(prefix), machine);
  if (!systemSites || home === undefined) return own;
  const names = [version === undefined ? 'python3' : `python${version}`, 'python3', 'python', 'python.exe'];
  const base = (await firstPresent(names.map((name) => join(home, name)))) ?? join(home, names[0]);
  return [...own, ...(await sitesOfInstallation(base, machine, version))];
}

/** The folders from which a Python executable imports packages, in its order. */
export async function sitesOfInterpreter(executable: string, machine: Machine): Promise<string[]> {
  const listed = (machine.env.PYTHONPATH ?? '').split(delimiter).filter(isAbsolute);
  // A virtual environment's Python is a link to another one, and only the file beside the link tells.
  for (const link of await linksFrom(executable)) {
    for (const prefix of [dirname(link), dirname(dirname(link))]) {
      if ((await venvSettings(prefix)) !== undefined)
        return [...listed, ...(await sitesOfEnvironment(prefix, machine))];
    }
  }
  return [...listed, ...(await sitesOfInstallation(executable, machine))];
}

/** The first executable of that name on PATH; behind a shim of pyenv, the one that the shim would start. */
export async function pythonOnPath(name: string, machine: Machine): Promise<string | undefined> {
  const { env, platform } = machine;
  const files = platform === 'win32' ? [`${name}.exe`, `${name}.bat`] : [name];
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter(isAbsolute)) {
    const found = await firstPresent(files.map((file) => join(folder, file)));
    if (found === undefined) continue;
    if (basename(folder) !== 'shims') return found;
    const behind = await behindShim(dirname(folder), name, machine);
    if (behind !== undefined) return behind;
  }
  return undefined;
}

interface VenvSettings {
  readonly home: string | undefined;
  readonly version: string | undefined;
  readonly systemSites: boolean;
}

async function venvSettings(prefix: string): Promise<VenvSettings | undefined> {
  const text = await textOf(join(prefix, 'pyvenv.cfg'));
  if (text === undefined) return undefined;
  const value = (key: string): string | undefined =>
    text.match(new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, 'im'))?.[1];
  return {
    home: value('home'),
    version: (value('version') ?? value('version_info'))?.match(/^3\.\d+/)?.[0],
    systemSites: value('include-system-site-packages')?.toLowerCase() === 'true',
  };
}

async function sitesOfInstallation(executable: string, machine: Machine, known?: string): Promise<string[]> {
  const real = await realpath(executable).catch(() => executable);
  const folder = dirname(real);
  const prefix = machine.platform === 'win32' && basename(folder) !== 'bin' ? folder : dirname(folder);
  const version = basename(real).match(/^python(3\.\d+t?)$/)?.[1] ?? known;
  const versions = version === undefined ? await versionsIn(prefix) : [version];
  const user = machine.env.PYTHONNOUSERSITE ? [] : await userSites(executable, versions, machine);
  return [...user, ...sitesOfPrefix(prefix, versions, machine)];
}

/** pip's own folder, Fedora's (`lib64`), and Debian's, where pip writes below `local` and apt outside of any version. */
function sitesOfPrefix(prefix: string, versions: readonly string[], { platform }: Machine): string[] {
  if (platform === 'win32') return [join(prefix, 'Lib', 'site-packages')];
  const roots = [join(prefix, 'local'), prefix];
  const numbered = versions.flatMap((version) =>
    roots.flatMap((root) =>
      ['lib', 'lib64'].flatMap((lib) =>
        ['site-packages', 'dist-packages'].map((kind) => join(root, lib, `python${version}`, kind)),
      ),
    ),
  );
  return [...numbered, join(prefix, 'lib', 'python3', 'dist-packages')];
}

/** Where `pip install --user` writes. */
async function userSites(
  executable: string,
  versions: readonly string[],
  { env, platform, home }: Machine,
): Promise<string[]> {
  if (platform === 'win32') {
    const local = env.LOCALAPPDATA ?? join(home, 'AppData', 'Local');
    const bases = [env.PYTHONUSERBASE ?? join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'Python')];
    // The Python of Microsoft's store cannot write into its own folder.
    if (basename(dirname(executable)) === 'WindowsApps')
      for (const name of newestFirst(await namesIn(join(local, 'Packages'))))
        if (name.startsWith('PythonSoftwareFoundation.Python.3.'))
          bases.push(join(local, 'Packages', name, 'LocalCache', 'local-packages'));
    const found = bases.map(async (base) =>
      newestFirst(await namesIn(base))
        .filter((name) => /^Python3\d+/.test(name))
        .map((name) => join(base, name, 'site-packages')),
    );
    return (await Promise.all(found)).flat();
  }
  const base = env.PYTHONUSERBASE ?? join(home, '.local');
  const sites = versions.map((version) => join(base, 'lib', `python${version}`, 'site-packages'));
  if (platform !== 'darwin') return sites;
  // A framework's Python, as Apple and python.org build it.
  return versions
    .map((version) => join(home, 'Library', 'Python', version, 'lib', 'python', 'site-packages'))
    .concat(sites);
}

/** Versions of Python for which an installation has folders, newest first. */
async function versionsIn(prefix: string): Promise<string[]> {
  const folders = [join(prefix, 'lib'), join(prefix, 'lib64'), join(prefix, 'local', 'lib')];
  const names = (await Promise.all(folders.map(namesIn))).flat();
  const versions = names.flatMap((name) => name.match(/^python(3\.\d+t?)$/)?.[1] ?? []);
  return newestFirst([...new Set(versions)]);
}

/** The executable itself and every link on the way to its file. */
async function linksFrom(executable: string): Promise<string[]> {
  const links = [executable];
  // As many as Linux follows.
  while (links.length < 40) {
    const last = links[links.length - 1];
    const target = await readlink(last).catch(() => undefined);
    if (target === undefined) break;
    links.push(resolve(dirname(last), target));
  }
  return links;
}

/** What pyenv would start: `PYENV_VERSION`, the nearest `.python-version`, or the version set for everything. */
async function behindShim(root: string, name: string, machine: Machine): Promise<string | undefined> {
  const installed = newestFirst(await namesIn(join(root, 'versions')));
  for (const wanted of await pyenvVersions(root, machine)) {
    const version = installed.includes(wanted)
      ? wanted
      : installed.find((candidate) => candidate.startsWith(`${wanted}.`));
    // `system` is the next Python on PATH.
    if (version === undefined) continue;
    const folder = join(root, 'versions', version);
    const files = machine.platform === 'win32' ? [`${name}.exe`, 'python.exe'] : [join('bin', name)];
    const found = await firstPresent(files.map((file) => join(folder, file)));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function pyenvVersions(root: string, { env, cwd }: Machine): Promise<string[]> {
  if (env.PYENV_VERSION) return env.PYENV_VERSION.split(':');
  const files: string[] = [];
  for (let folder = cwd; ; folder = dirname(folder)) {
    files.push(join(folder, '.python-version'));
    if (dirname(folder) === folder) break;
  }
  for (const file of [...files, join(root, 'version')]) {
    const text = await textOf(file);
    if (text !== undefined)
      return text
        .replaceAll(/#.*/g, '')
        .split(/\s+/)
        .filter((word) => word !== '')
        .map((word) => word.replace(/^python-/, ''));
  }
  return [];
}

function newestFirst(names: readonly string[]): string[] {
  return [...names].sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

// A folder that cannot be read holds no Python of this user's, so the search goes on.

async function firstPresent(paths: readonly string[]): Promise<string | undefined> {
  // Not `stat`: it fails for the links by which Microsoft's store starts programs.
  for (const path of paths) {
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) return path;
  }
  return undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
