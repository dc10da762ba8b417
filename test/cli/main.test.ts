import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { createProgram, run } from '../../src/cli/program.ts';
import { pushpull } from './command.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Run in this process, with what is printed. */
async function inProcess(...words: string[]): Promise<{ status: number; text: string }> {
  let text = '';
  const write = (chunk: unknown): boolean => {
    text += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write),
    vi.spyOn(process.stderr, 'write').mockImplementation(write),
    ...(['log', 'error'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((line: unknown) => void write(`${line}\n`)),
    ),
  ];
  try {
    return { status: await run(words), text };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('the program', () => {
  it('tells its version, and exits with 2 and one line for a mistake', async () => {
    expect(await pushpull('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const mistake = await pushpull('train', '--data', 'mnist', '--epochs', 'many');
    expect(mistake).toEqual({
      status: 2,
      stdout: '',
      stderr: 'error: --epochs: expected a whole number from 1 to 1000000, found "many"\n',
    });
  });

  it('without arguments teaches by example', async () => {
    const { status, text } = await inProcess();
    expect(status).toBe(0);
    expect(text).toMatch(/\$ pushpull demo/);
    expect(text).toMatch(/\$ pushpull train --data cifar10 --stem pushpull --avg 3 --out/);
  });

  it('every command has examples that its own options accept', async () => {
    const program = createProgram();
    expect(program.commands.length).toBeGreaterThan(5);
    for (const command of program.commands) {
      const { status, text } = await inProcess(command.name(), '--help');
      expect(status).toBe(0);
      const examples = text.replaceAll(/\\\n\s+/g, '').match(/\$ .*pushpull .*/g) ?? [];
      expect(examples.length, command.name()).toBeGreaterThan(0);
      for (const [, name, rest] of examples.join('\n').matchAll(/pushpull (\w+)((?:(?!&&).)*)/g)) {
        const target = program.commands.find((candidate) => candidate.name() === name);
        expect(target, `pushpull ${name}`).toBeDefined();
        const options = target!.options.map(({ long }) => long);
        for (const [option] of rest.matchAll(/--[\w-]+/g))
          expect(options, `${name} ${option}`).toContain(option);
      }
    }
  });

  it.each([
    [['trian'], /^error: unknown command 'trian' .*Did you mean train/],
    [['train', '--epoch', '3'], /^error: unknown option '--epoch' .*--epochs/],
    [['evaluate', '--data', 'mnist'], /^error: missing required argument 'model'/],
    [['export'], /^error: required option '--out <path>' not specified/],
  ])('%j is one line with status 2', async (words, message) => {
    const { status, text } = await inProcess(...words);
    expect(status).toBe(2);
    expect(text).toMatch(message);
    expect(text.trim().split('\n')).toHaveLength(1);
  });

  it('models lists networks with what they cost, first layers and recipes', async () => {
    const { text } = await inProcess('models');
    expect(text).toMatch(/resnet50 +25,557,096 +4,089 M +23,520,906 +1,298 M/);
    expect(text).toMatch(/alexnet +61,100,840 +714 M +AlexNet/);
    expect(text).toMatch(/--stem pushpull --avg 5 +\S/);
    expect(text).toMatch(/--antialias blurconv2 +\S/);
    expect(text).toMatch(/cifar10 .*\n.*30 epochs, batch 64, rate 0\.005 to 0\.2 to 5e-6/);
  });

  it('models NAME lists every variant of one network', async () => {
    const { text } = await inProcess('models', 'resnet18');
    expect(text).toMatch(/baseline +11,689,576 +1,814 M/);
    expect(text).toMatch(/blurconv2, push-pull avg3 +11,689,576 /);
    const unknown = await inProcess('models', 'resnet19');
    expect(unknown.status).toBe(2);
    expect(unknown.text).toMatch(/resnet19: expected one of resnet18/);
  });
});
