import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FindTorchOptions, findTorch } from '../../src/engine/node/torch/find.ts';
import { UserError } from '../../src/errors.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pushpull-find-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const at = (...names: string[]): string => join(root, ...names);

function write(path: string, text = ''): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
}

interface Wheel {
  readonly version?: string;
  readonly cuda?: string;
  readonly libraries?: readonly string[];
}

/** The files of a wheel that count, in a folder of packages. */
function install(
  site: string,
  { version = '2.15.0+cpu', cuda, libraries = ['libtorch_cpu.so'] }: Wheel = {},
): string {
  write(
    join(site, 'torch', 'version.py'),
    `from typing import Optional\n\n__all__ = ['__version__', 'debug', 'cuda']\n__version__ = '${version}'\ndebug = False\n` +
      `cuda: Optional[str] = ${cuda === undefined ? 'None' : `'${cuda}'`}\nhip: Optional[str] = None\n`,
  );
  mkdirSync(at(site, 'torch', 'lib'), { recursive: true });
  for (const name of libraries) write(join(site, 'torch', 'lib', name));
  return at(site, 'torch', 'lib');
}

/** What a machine of which nothing is known but the test's folder finds. */
function find({ env, ...options }: FindTorchOptions = {}) {
  return findTorch({
    platform: 'linux',
    arch: 'x64',
    home: at('home'),
    cwd: root,
    ...options,
    env: { PATH: at('usr', 'bin'), ...env },
  });
}

async function refusal(options: FindTorchOptions = {}): Promise<string> {
  const error = await find(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).not.toContain('\n');
  return message.replaceAll(root, '');
}

/** A virtual environment whose Python links to the system's. */
function venv(path: string, settings = ''): string {
  write(join(path, 'pyvenv.cfg'), `home = ${at('usr', 'bin')}\nversion = 3.11.7\n${settings}`);
  write('usr/bin/python3.11');
  link(join(path, 'bin', 'python3'), at('usr', 'bin', 'python3.11'));
  return join(path, 'lib', 'python3.11', 'site-packages');
}

describe('a path that is named', () => {
  it('may be an environment, its packages, the torch in them, its libraries, or the Python itself', async () => {
    const site = venv('env');
    const lib = install(site, { version: '2.15.0+cu132', cuda: '13.2' });
    for (const path of ['env', site, join(site, 'torch'), join(site, 'torch', 'lib'), 'env/bin/python3'])
      expect(await find({ path }), path).toEqual({
        lib,
        version: '2.15.0+cu132',
        cuda: undefined,
        from: '--torch',
        passedOver: [],
      });
    expect((await find({ path: join(lib, 'libtorch_cpu.so') })).lib).toBe(lib);
  });

  it('may be an unpacked libtorch, or the folder that it was unpacked in', async () => {
    write('opt/libtorch/build-version', '2.12.1+cu130\n');
    for (const name of ['libtorch_cpu.so', 'libtorch_cuda.so']) write(`opt/libtorch/lib/${name}`);
    for (const path of ['opt/libtorch', 'opt/libtorch/lib', 'opt'])
      expect(await find({ path })).toMatchObject({
        lib: at('opt/libtorch/lib'),
        version: '2.12.1+cu130',
        cuda: '13.0',
      });
  });

  it('goes before PUSHPULL_TORCH, which goes before everything that is found', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((name) => install(venv(name)));
    const env = { PUSHPULL_TORCH: at('two'), VIRTUAL_ENV: at('three') };
    expect(await find({ path: at('one'), env })).toMatchObject({ lib: one, from: '--torch' });
    expect(await find({ env })).toMatchObject({ lib: two, from: 'PUSHPULL_TORCH' });
    expect(await find({ env: { ...env, PUSHPULL_TORCH: '' } })).toMatchObject({ lib: three });
  });

  it('is an error where it has no torch, even if others are installed', async () => {
    install(venv('good'));
    venv('empty');
    const env = { VIRTUAL_ENV: at('good') };
    const expected =
      'expected a Python environment, a site-packages folder, the torch folder in one, or an unpacked libtorch; ';
    expect(await refusal({ path: at('empty'), env })).toMatch(
      `--torch /empty: ${expected}found no torch package and no lib/libtorch_cpu.so in it; install PyTorch 2.10`,
    );
    expect(await refusal({ path: at('gone'), env })).toMatch(
      `--torch /gone: ${expected}found nothing there; `,
    );
    expect(await refusal({ env: { ...env, PUSHPULL_TORCH: at('gone') } })).toMatch(
      `PUSHPULL_TORCH=/gone: ${expected}found nothing there; `,
    );
  });

  it('is an error where its torch is too old, broken, without a version or unreadable', async () => {
    const sites = Object.fromEntries(['old', 'broken', 'nameless', 'loop'].map((name) => [name, venv(name)]));
    install(sites.old, { version: '2.9.1' });
    install(sites.broken, { libraries: [] });
    write(join(sites.nameless, 'torch/lib/libtorch_cpu.so'));
    link(join(sites.loop, 'torch'), at(sites.loop, 'torch'));
    expect(await refusal({ path: at('old') })).toBe(
      `--torch /old: expected PyTorch 2.10 or later, found PyTorch 2.9.1 in /${sites.old}/torch; ` +
        'upgrade it with: pip install --upgrade torch',
    );
    expect(await refusal({ path: at('broken') })).toMatch(
      `found PyTorch 2.15.0+cpu in /${sites.broken}/torch without libtorch_cpu.so in its lib folder; install it again`,
    );
    expect(await refusal({ path: at('nameless') })).toMatch(
      `found /${sites.nameless}/torch/lib/libtorch_cpu.so without a version beside it`,
    );
    expect(await refusal({ path: at('loop') })).toMatch(
      `found /${sites.loop}/torch, which cannot be read (ELOOP`,
    );
  });

  it('is an error where this user may not look into it', async () => {
    install(venv('locked'));
    chmodSync(root, 0o755);
    chmodSync(at('locked/lib'), 0);
    // The superuser may look everywhere.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(await refusal({ path: at('locked') })).toMatch(
        /which cannot be read \(EACCES.*\); make it readable/,
      );
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(at('locked/lib'), 0o755);
    }
  });
});

describe('the version', () => {
  it('is what version.py says, however old its form; CUDA counts where its library is', async () => {
    const libraries = ['libtorch_cpu.so', 'libtorch_cuda.so'];
    const lib = install('site', { version: '2.10.0a0+b558c98.nv25.11', cuda: '13.0', libraries });
    expect(await find({ path: at('site') })).toMatchObject({
      lib,
      version: '2.10.0a0+b558c98.nv25.11',
      cuda: '13.0',
    });
    write('site/torch/version.py', "__version__ = '2.10.0'\ncuda = '12.8'\n");
    expect(await find({ path: at('site') })).toMatchObject({ version: '2.10.0', cuda: '12.8' });
    write('site/torch/version.py', "__version__ = '3.0.0'\ncuda = None\n");
    expect(await find({ path: at('site') })).toMatchObject({ version: '3.0.0', cuda: 'unknown' });
  });

  it('is the metadata’s where the package has none; either alone is no torch', async () => {
    write('site/torch-2.11.0+cu126.dist-info/METADATA');
    expect(await refusal({ path: at('site') })).toMatch('found no torch package');
    for (const name of ['libtorch_cpu.so', 'libtorch_cuda.so']) write(`site/torch/lib/${name}`);
    expect(await find({ path: at('site') })).toMatchObject({ version: '2.11.0+cu126', cuda: '12.6' });
    mkdirSync(at('left/torch/__pycache__'), { recursive: true });
    expect(await refusal({ path: at('left') })).toMatch('found no torch package');
  });
});

describe('the search', () => {
  it('takes the active virtual environment, then conda’s, then Python on PATH', async () => {
    const active = install(venv('venv'));
    const conda = install('conda/lib/python3.12/site-packages');
    link('usr/bin/python3', 'python3.11');
    const system = install('usr/local/lib/python3.11/dist-packages');
    const env = { VIRTUAL_ENV: at('venv'), CONDA_PREFIX: at('conda') };
    expect(await find({ env })).toMatchObject({ lib: active, from: 'the active virtual environment' });
    expect(await find({ env: { CONDA_PREFIX: at('conda') } })).toMatchObject({
      lib: conda,
      from: 'the active conda environment',
    });
    expect(await find()).toMatchObject({ lib: system, from: 'python3 on PATH' });
  });

  it('finds what pip, apt and `pip install --user` install for the system’s Python, and not for another', async () => {
    write('usr/bin/python3.11');
    link('usr/bin/python3', 'python3.11');
    install('usr/lib/python3.12/site-packages');
    expect(await refusal()).toMatch('found none in python3 on PATH (/usr/bin/python3); install it with: pip');
    const places = [
      'usr/lib/python3/dist-packages',
      'usr/local/lib64/python3.11/site-packages',
      'usr/local/lib/python3.11/dist-packages',
      'home/.local/lib/python3.11/site-packages',
    ];
    for (const place of places) {
      const lib = install(place);
      expect((await find()).lib).toBe(lib);
    }
    const withoutUser = { PYTHONNOUSERSITE: '1' };
    expect((await find({ env: withoutUser })).lib).toBe(at(places[2], 'torch/lib'));
    const listed = install('modules/pytorch');
    expect((await find({ env: { PYTHONPATH: at('modules/pytorch') } })).lib).toBe(listed);
  });

  it('knows a virtual environment on PATH by its links, and whether it sees the system’s packages', async () => {
    write('usr/bin/python3.11');
    const system = install('usr/lib/python3/dist-packages');
    venv('closed', 'include-system-site-packages = false\n');
    venv('open', 'include-system-site-packages = true\n');
    link('bin/python3', at('open/bin/python3'));
    expect(await refusal({ env: { PATH: at('closed/bin') } })).toMatch('found none in python3 on PATH');
    expect((await find({ env: { PATH: at('open/bin') } })).lib).toBe(system);
    expect((await find({ env: { PATH: at('bin') } })).lib).toBe(system);
    expect((await find({ env: { VIRTUAL_ENV: at('open'), PATH: '' } })).lib).toBe(system);
  });

  it('takes `python` where `python3` has none', async () => {
    write('usr/bin/python3.11');
    link('usr/bin/python3', 'python3.11');
    write('opt/bin/python3.12');
    link('opt/bin/python', 'python3.12');
    const lib = install('opt/lib/python3.12/site-packages');
    const PATH = [at('usr/bin'), at('opt/bin')].join(delimiter);
    expect(await find({ env: { PATH } })).toMatchObject({ lib, from: 'python on PATH' });
  });

  it('looks behind the shims of pyenv', async () => {
    for (const version of ['3.9.18', '3.11.7', '3.11.12']) write(`pyenv/versions/${version}/bin/python3`);
    write('pyenv/shims/python3', '#!/usr/bin/env bash\n');
    write('pyenv/version', 'system\n');
    write('usr/bin/python3.13');
    link('usr/bin/python3', 'python3.13');
    const site = (version: string, minor: string) =>
      `pyenv/versions/${version}/lib/python${minor}/site-packages`;
    const old = install(site('3.11.7', '3.11'));
    const recent = install(site('3.11.12', '3.11'));
    const other = install(site('3.9.18', '3.9'));
    const system = install('usr/lib/python3.13/site-packages');
    const PATH = [at('pyenv/shims'), at('usr/bin')].join(delimiter);
    const lib = async (cwd: string, env = {}) => (await find({ cwd: at(cwd), env: { PATH, ...env } })).lib;
    expect(await lib('')).toBe(system);
    write('work/.python-version', '# ours\n3.11.7\n');
    expect(await lib('work/deep/er')).toBe(old);
    expect(await lib('work', { PYENV_VERSION: '3.9.18:3.11.7' })).toBe(other);
    expect(await lib('work', { PYENV_VERSION: '3.11' })).toBe(recent);
    write('pyenv/version', '3.9.18\n');
    expect(await lib('')).toBe(other);
  });

  it('finds conda-forge’s libraries, which lie beside those of the environment', async () => {
    install('conda/lib/python3.12/site-packages', { version: '2.10.0', libraries: [] });
    write('conda/lib/libtorch_cpu.so');
    expect(await find({ env: { CONDA_PREFIX: at('conda') } })).toMatchObject({
      lib: at('conda/lib'),
      version: '2.10.0',
    });
    expect((await find({ path: at('conda') })).lib).toBe(at('conda/lib'));
  });

  it('passes over one that is too old for a later one, and says so', async () => {
    install(venv('venv'), { version: '2.6.0' });
    link('usr/bin/python3', 'python3.11');
    const env = { VIRTUAL_ENV: at('venv') };
    const old = 'PyTorch 2.6.0 in /venv/lib/python3.11/site-packages/torch (the active virtual environment)';
    expect(await refusal({ env })).toBe(
      `the torch engine: expected PyTorch 2.10 or later, found only ${old}; ` +
        'upgrade it with: pip install --upgrade torch, or name another with --torch PATH',
    );
    const lib = install('usr/lib/python3.11/site-packages', { version: '2.10.0' });
    const found = await find({ env });
    expect(found).toMatchObject({ lib, version: '2.10.0', from: 'python3 on PATH' });
    expect(found.passedOver.map((text) => text.replaceAll(root, ''))).toEqual([old]);
  });

  it('says where it looked', async () => {
    expect(await refusal()).toBe(
      'the torch engine: expected PyTorch 2.10 or later, found none, and neither python3 nor python on PATH; ' +
        'install it with: pip install torch, or name its place with --torch PATH',
    );
    venv('venv');
    expect(await refusal({ env: { VIRTUAL_ENV: at('venv'), PATH: at('venv/bin') } })).toMatch(
      'found none in the active virtual environment (/venv); install',
    );
  });
});

describe('other systems', () => {
  it('has Windows’ names and folders', async () => {
    const dlls = ['torch_cpu.dll', 'torch_cuda.dll'];
    const windows = (env: NodeJS.ProcessEnv) => find({ platform: 'win32', env: { PATH: undefined, ...env } });
    write('Python313/python.exe');
    const system = install('Python313/Lib/site-packages', { cuda: '13.0', libraries: dlls });
    expect(await windows({ Path: at('Python313') })).toMatchObject({
      lib: system,
      cuda: '13.0',
      from: 'python on PATH',
    });
    write('venv/pyvenv.cfg', `home = ${at('Python313')}\ninclude-system-site-packages = false\n`);
    write('venv/Scripts/python.exe');
    const own = install('venv/Lib/site-packages', { libraries: dlls });
    expect((await windows({ Path: at('venv/Scripts') })).lib).toBe(own);
    const appData = at('home/AppData/Roaming');
    const user = install('home/AppData/Roaming/Python/Python313/site-packages', { libraries: dlls });
    expect((await windows({ Path: at('Python313'), APPDATA: appData })).lib).toBe(user);
    install('conda/Lib/site-packages', { libraries: [] });
    write('conda/Library/bin/torch_cpu.dll');
    expect((await windows({ CONDA_PREFIX: at('conda') })).lib).toBe(at('conda/Library/bin'));
  });

  it('knows the folders of pyenv-win and of the store’s Python', async () => {
    const dlls = ['torch_cpu.dll'];
    write('pyenv-win/shims/python.bat');
    write('pyenv-win/version', '3.12.1');
    write('pyenv-win/versions/3.12.1/python.exe');
    const pyenv = install('pyenv-win/versions/3.12.1/Lib/site-packages', { libraries: dlls });
    const windows = (PATH: string, env: NodeJS.ProcessEnv = {}) =>
      find({ platform: 'win32', env: { PATH: at(PATH), ...env } });
    expect((await windows('pyenv-win/shims')).lib).toBe(pyenv);
    // A link that nothing but Windows can follow.
    link('Local/Microsoft/WindowsApps/python.exe', at('nowhere'));
    const local =
      'Local/Packages/PythonSoftwareFoundation.Python.3.13_qbz5n2kfra8p0/LocalCache/local-packages';
    const store = install(`${local}/Python313/site-packages`, { libraries: dlls });
    expect((await windows('Local/Microsoft/WindowsApps', { LOCALAPPDATA: at('Local') })).lib).toBe(store);
  });

  it('follows Homebrew’s and python.org’s links on macOS', async () => {
    const mac = (env: NodeJS.ProcessEnv) => find({ platform: 'darwin', arch: 'arm64', env });
    const libraries = ['libtorch_cpu.dylib'];
    const framework = 'brew/Cellar/python@3.13/3.13.1/Frameworks/Python.framework/Versions/3.13';
    write(`${framework}/bin/python3.13`);
    link('brew/Cellar/python@3.13/3.13.1/bin/python3', at(framework, 'bin/python3.13'));
    link('brew/bin/python3', '../Cellar/python@3.13/3.13.1/bin/python3');
    install('brew/lib/python3.13/site-packages', { libraries });
    link(`${framework}/lib/python3.13/site-packages`, at('brew/lib/python3.13/site-packages'));
    const env = { PATH: at('brew/bin') };
    const lib = at(framework, 'lib/python3.13/site-packages/torch/lib');
    expect(await mac(env)).toMatchObject({ lib, version: '2.15.0+cpu', cuda: undefined });
    const user = install('home/Library/Python/3.13/lib/python/site-packages', { libraries });
    expect((await mac(env)).lib).toBe(user);
  });

  it('is refused where PyTorch is not made for it', async () => {
    expect(await refusal({ platform: 'darwin', arch: 'x64' })).toMatch(
      'found darwin on x64; use --engine onnxruntime',
    );
    expect(await refusal({ platform: 'win32', arch: 'arm64' })).toMatch('found win32 on arm64');
    install(venv('venv'));
    expect(await find({ arch: 'arm64', env: { VIRTUAL_ENV: at('venv') } })).toBeDefined();
  });
});
