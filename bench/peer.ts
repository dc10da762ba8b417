import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Subject } from './network.ts';

export interface PeerRequest extends Subject {
  readonly kind: 'train' | 'infer';
  readonly steps: number;
}

export interface PeerAnswer {
  readonly seconds: readonly number[];
  readonly peakMegabytes: number;
}

/** A Python script in a process of its own, asked for timings one at a time so that runs can alternate. */
export class PythonPeer<About> {
  /** What it says of itself, versions for one. */
  readonly about: About;
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>, about: About) {
    this.process = process;
    this.lines = lines;
    this.about = about;
  }

  /** Start a script of this folder; undefined where this Python lacks what it needs. */
  static async start<About>(
    python: string,
    name: string,
    ...args: readonly string[]
  ): Promise<PythonPeer<About> | undefined> {
    const script = fileURLToPath(new URL(`./${name}`, import.meta.url));
    const child = spawn(python, [script, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const failed = new Promise<undefined>((resolve) => {
      child.once('error', () => resolve(undefined));
      child.once('exit', () => resolve(undefined));
    });
    const reader: Interface = createInterface({ input: child.stdout! });
    const lines = reader[Symbol.asyncIterator]();
    child.stdin!.on('error', () => {});
    child.stdin!.write('{"kind": "about"}\n');
    const first = await Promise.race([lines.next(), failed]);
    if (!first || first.done) return undefined;
    return new PythonPeer(child, lines, JSON.parse(first.value) as About);
  }

  async ask<Answer>(request: object): Promise<Answer> {
    this.process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the Python peer ended');
    const answer = JSON.parse(value) as Answer & { error?: string };
    if (answer.error) throw new Error(`the Python peer: ${answer.error}`);
    return answer;
  }

  stop(): void {
    this.process.kill();
  }
}
