import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, judge, safely } from '../../../src/cli/doctor/probe.ts';
import { examineTorch } from '../../../src/cli/doctor/torch.ts';
import { torchHere } from '../../support/torch.ts';
import { pushpull, start } from '../command.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
const torch = await torchHere();

/** What doctor starts in processes of their own. */
const PROBE = ['doctor', '--probe', 'cpu', '--engine', 'torch'];

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pushpull-doctor-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A folder of packages with a PyTorch in it that has nothing but its names. */
function hollow(name: string, torchVersion: string, cuda?: string): string {
  const folder = join(root, name, 'lib', 'python3.13', 'site-packages', 'torch');
  mkdirSync(join(folder, 'lib'), { recursive: true });
  writeFileSync(
    join(folder, 'version.py'),
    `__version__ = '${torchVersion}'\ncuda = ${cuda ? `'${cuda}'` : 'None'}\n`,
  );
  writeFileSync(join(folder, 'lib', 'libtorch_cpu.so'), '');
  if (cuda) writeFileSync(join(folder, 'lib', 'libtorch_cuda.so'), '');
  return join(root, name);
}

const WORKS: Ended = { status: 0, output: '9\n', errors: '' };

/** What is found on a Linux machine that has what is given and nothing else. */
async function examine(
  { path, env = {} }: { path?: string; env?: NodeJS.ProcessEnv },
  run: (args: readonly string[]) => Ended = () => WORKS,
) {
  const machine = { platform: 'linux', arch: 'x64', home: root, cwd: root } as const;
  const findings = await examineTorch({ ...machine, path, env }, async (args) => run(args));
  return findings.map(({ verdict, name, text, cure }) =>
    [verdict, name, text, cure ?? ''].join(' | ').replaceAll(root, ''),
  );
}

describe('doctor', () => {
  it('tries the devices and ends with a verdict, and is content without a PyTorch', async () => {
    const bare = { PATH: join(root, 'empty'), VIRTUAL_ENV: '', CONDA_PREFIX: '', PUSHPULL_TORCH: '' };
    const { status, stdout, stderr } = await start(['doctor'], { env: bare }).finished;
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`pushpull       ${version}`);
    expect(stdout).toMatch(/node +\d+\.\d+\.\d+ on /);
    expect(stdout).toMatch(/onnxruntime +\d+\.\d+\.\d+/);
    expect(stdout).toMatch(/✓ device cpu +works/);
    expect(stdout).toMatch(/device webgpu/);
    expect(stdout).toMatch(/device cuda/);
    expect(stdout).toMatch(/– torch +expected PyTorch 2\.10 or later, found none/);
    expect(stdout).toMatch(/Only --engine torch needs it; install it with: pip install torch/);
    expect(stdout).toMatch(/Ready\. Try: pushpull demo/);
  });

  it('tells in one line why a PyTorch does not load', async () => {
    const path = hollow('hollow', '2.15.0');
    const { status, stdout, stderr } = await pushpull(...PROBE, '--torch', path);
    expect(stderr).toMatch(/^error: .*libtorch_cpu\.so cannot be loaded.*\n$/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it.skipIf(torch === undefined)('computes on the PyTorch of this machine', async () => {
    expect(await pushpull(...PROBE)).toEqual({
      status: 0,
      stdout: '9\n',
      stderr: '',
    });
  });
});

/** Makes packages impossible to find for a process and all that it starts, and takes its home away. */
function without(packages: string): Record<string, string> {
  const file = join(root, `without-${packages.replaceAll(/\W/g, '')}.mjs`);
  writeFileSync(
    file,
    `import Module, { register, syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
const gone = /^(${packages})(\\/|$)/;
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  if (gone.test(name)) throw Object.assign(new Error("Cannot find module '" + name + "'"), { code: 'MODULE_NOT_FOUND' });
  return resolve.call(this, name, ...rest);
};
register('data:text/javascript,' + encodeURIComponent(\`export async function resolve(name, context, next) {
  if (\${gone}.test(name)) throw new Error("Cannot find package '" + name + "'");
  return next(name, context);
}\`));
os.homedir = () => { throw new Error('A system error occurred: uv_os_homedir returned ENOENT'); };
syncBuiltinESMExports();
`,
  );
  return { NODE_OPTIONS: `--import ${file}`, PUSHPULL_TORCH: '', PATH: join(root, 'empty') };
}

describe('doctor where much is missing', () => {
  it('says what: onnxruntime-node, sharp, libtorch, a cache that can be written, a home', async () => {
    const env = { ...without('sharp|onnxruntime-node|koffi|@koromix'), PUSHPULL_CACHE: '/dev/null/cache' };
    const { status, stdout, stderr } = await start(['doctor'], { env }).finished;
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /– onnxruntime +[\d.]+ \(WebAssembly\), slower .*onnxruntime-node is not installed/,
    );
    expect(stdout).toMatch(/– pictures +sharp: expected its library/);
    expect(stdout).toMatch(/– cache +\/dev\/null\/cache cannot be written \(ENOTDIR\)/);
    expect(stdout).toMatch(/✓ device cpu +works/);
    expect(stdout).toMatch(/– torch /);
    expect(stdout).toMatch(/Ready for cifar10, mnist and npy: alone\.\n$/);
  });

  it('says in one line that a package is gone without which nothing works', async () => {
    const { status, stdout, stderr } = await start(['doctor'], { env: without('protobufjs') }).finished;
    expect(stderr).toMatch(
      /^error: the installation of pushpull is incomplete \(Cannot find package 'protobufjs.*npm install\n$/,
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('goes on when a look fails', async () => {
    const found = await safely('memory', () => {
      throw new Error('no such file\nat all');
    });
    expect(found).toEqual([
      { verdict: 'missing', name: 'memory', text: 'cannot be looked at: no such file' },
    ]);
  });
});

describe('what doctor says of PyTorch', () => {
  it('is which one, how it was found, and whether it computes, on a GPU too where it has CUDA', async () => {
    const VIRTUAL_ENV = hollow('cuda', '2.15.0+cu132', '13.2');
    const asked: string[] = [];
    const lines = await examine({ env: { VIRTUAL_ENV } }, (args) => {
      asked.push(args.join(' '));
      return args.includes('cuda')
        ? { status: 2, output: '', errors: 'error: Found no NVIDIA driver on your system.\n' }
        : WORKS;
    });
    expect(lines).toEqual([
      'good | torch | 2.15.0+cu132, with CUDA 13.2, of the active virtual environment: ' +
        '/cuda/lib/python3.13/site-packages/torch/lib | ',
      'good | torch on cpu | works | ',
      expect.stringMatching(
        /^missing \| torch on cuda \| no usable NVIDIA GPU was found \| Check that nvidia/,
      ),
    ]);
    expect(asked).toEqual(['doctor --probe cpu --engine torch', 'doctor --probe cuda --engine torch']);
  });

  it('is that nothing else needs it where it is missing, too old or broken and nobody named it', async () => {
    expect(await examine({})).toEqual([
      'missing | torch | expected PyTorch 2.10 or later, found none, and neither python3 nor python on PATH | ' +
        'Only --engine torch needs it; install it with: pip install torch, or name its place with --torch PATH',
    ]);
    const VIRTUAL_ENV = hollow('old', '2.9.1');
    expect(await examine({ env: { VIRTUAL_ENV } })).toEqual([
      'missing | torch | expected PyTorch 2.10 or later, found only PyTorch 2.9.1 in /old/lib/python3.13/site-packages/torch ' +
        '(the active virtual environment) | ' +
        'Only --engine torch needs it; upgrade it with: pip install --upgrade torch, or name another with --torch PATH',
    ]);
    const crashed = { status: null, output: '', errors: '' };
    const [, cpu] = await examine({ env: { VIRTUAL_ENV: hollow('crash', '2.10.0') } }, () => crashed);
    expect(cpu).toMatch(/^missing \| torch on cpu \| crashes/);
  });

  it('is what is wrong with the one that was named', async () => {
    expect(await examine({ path: join(root, 'nowhere') })).toEqual([
      expect.stringMatching(
        /^broken \| torch \| --torch \/nowhere: .* found nothing there \| Install PyTorch/,
      ),
    ]);
    const path = hollow('named', '2.10.0');
    const asked: string[] = [];
    const [, cpu] = await examine({ path }, (args) => {
      asked.push(args.join(' '));
      return { ...WORKS, output: '8\n' };
    });
    expect(cpu).toBe('broken | torch on cpu | computes wrongly: a sum of nine ones is 8 | ');
    expect(asked).toEqual([`doctor --probe cpu --engine torch --torch ${path}`]);
  });

  it('names an older one that was passed over', async () => {
    const env = { VIRTUAL_ENV: hollow('first', '2.6.0'), CONDA_PREFIX: hollow('second', '2.12.0') };
    const [found] = await examine({ env });
    expect(found).toMatch(
      /^good \| torch \| 2\.12\.0, without CUDA, of the active conda environment: \/second/,
    );
    expect(found).toMatch(/Passed over: PyTorch 2\.6\.0 in \/first.*\(the active virtual environment\)$/);
  });
});

describe('what a failed try says', () => {
  it('is its last words, the message of a defect, or that it had none', () => {
    const words = (errors: string) => judge({ status: 1, output: '', errors }, []).text;
    expect(words('warning\nerror: --threads: expected one\n')).toBe('--threads: expected one');
    expect(words('Error: no such function\n    at load (file.ts:1:1)\n    at file.ts:2:1\n')).toBe(
      'no such function',
    );
    expect(words('')).toBe('fails without a word');
  });
});
