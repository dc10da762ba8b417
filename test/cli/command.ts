import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import sharp from 'sharp';
import { createProgram, run } from '../../src/cli/program.ts';
import { randomStream } from '../../src/random/random.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when standard error has matched; rejects when the command ends without. */
  untilPrinted(pattern: RegExp): Promise<void>;
}

/** Start the command as a user does, in a process of its own, from the TypeScript sources. */
export function start(
  words: readonly string[],
  options: { prefix?: readonly string[]; env?: Record<string, string> } = {},
): Command {
  const line = [...(options.prefix ?? []), process.execPath, '--import', 'tsx', MAIN, ...words];
  const child = spawn(line[0], line.slice(1), {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  const printed = { stdout: '', stderr: '' };
  const waiting: { pattern: RegExp; resolve: () => void; reject: (error: Error) => void }[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      printed[name] += chunk;
      for (const { pattern, resolve } of waiting) if (pattern.test(printed.stderr)) resolve();
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      for (const { pattern, reject: missed } of waiting)
        missed(new Error(`${pattern} not in:\n${printed.stderr}`));
      resolve({ status, ...printed });
    });
  });
  const untilPrinted = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      if (pattern.test(printed.stderr)) resolve();
      else waiting.push({ pattern, resolve, reject });
    });
  return { process: child, finished, untilPrinted };
}

/** Run the command to its end. */
export function pushpull(...words: string[]): Promise<Finished> {
  return start(words).finished;
}

/** An image folder of noisy pictures of one colour a class: `train/<class>/*.png` and `test/<class>/*.png`. */
export async function writePictures(
  path: string,
  images: { train: number; test: number },
  classes: readonly string[] = ['blue', 'green', 'red'],
): Promise<void> {
  for (const split of ['train', 'test'] as const) {
    for (const [label, name] of classes.entries()) {
      mkdirSync(join(path, split, name), { recursive: true });
      for (let index = 0; index < images[split]; index++) {
        const random = randomStream('pictures', split, label, index);
        const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) =>
          Math.max(0, Math.min(255, (i % 3 === label % 3 ? 170 : 80) + 40 * random.normal())),
        );
        const file = join(path, split, name, `${String(index).padStart(3, '0')}.png`);
        await sharp(data, { raw: { width: 32, height: 32, channels: 3 } })
          .png()
          .toFile(file);
      }
    }
  }
}

/** Run a command in this process and give what it printed by lines; errors come as they were thrown. */
export async function inProcess(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const print = { log: console.log, error: console.error };
  const lines: { stdout: string[]; stderr: string[] } = { stdout: [], stderr: [] };
  Object.assign(console, {
    log: (text: string) => lines.stdout.push(text),
    error: (text: string) => lines.stderr.push(text),
  });
  try {
    await createProgram().parseAsync(words, { from: 'user' });
  } finally {
    Object.assign(console, print);
  }
  const text = (printed: readonly unknown[]) => stripVTControlCharacters(printed.map(String).join('\n'));
  return { stdout: text(lines.stdout), stderr: text(lines.stderr) };
}

/** Run a command in this process as the command line does, with its exit status and what it printed. */
export async function printedBy(...words: string[]): Promise<Finished & { readonly status: number }> {
  const printed = { stdout: '', stderr: '' };
  const kept: (() => void)[] = [];
  const replace = <T extends object, K extends keyof T>(owner: T, name: K, by: T[K]) => {
    const original = owner[name];
    owner[name] = by;
    kept.push(() => {
      owner[name] = original;
    });
  };
  for (const [stream, log] of [
    ['stdout', 'log'],
    ['stderr', 'error'],
  ] as const) {
    const write = (chunk: unknown) => {
      printed[stream] += String(chunk instanceof Error ? chunk.stack : chunk);
      return true;
    };
    replace(process[stream], 'write', write as never);
    replace(
      console,
      log,
      (line: unknown = '') => void write(line instanceof Error ? `${line.stack}\n` : `${line}\n`),
    );
  }
  try {
    const status = await run(words);
    return {
      status,
      stdout: stripVTControlCharacters(printed.stdout),
      stderr: stripVTControlCharacters(printed.stderr),
    };
  } finally {
    for (const restore of kept) restore();
    process.exitCode = undefined;
  }
}
