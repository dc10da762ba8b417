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

/** PyTorch in a process of its own, asked for timings one at a time so that runs can alternate. */
export class TorchPeer {
  /** PyTorch's version. */
  readonly version: string;
  private readonly process: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>, version: string) {
    this.process = process;
    this.lines = lines;
    this.version = version;
  }

  /** Start the peer; undefined where this Python has no PyTorch. */
  static async start(python: string, threads: number): Promise<TorchPeer | undefined> {
    const script = fileURLToPath(new URL('./torch_peer.py', import.meta.url));
    const child = spawn(python, [script, '--threads', String(threads)], {
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
    const about = JSON.parse(first.value) as { torch?: string };
    return new TorchPeer(child, lines, about.torch ?? 'unknown version');
  }

  async ask(request: PeerRequest): Promise<PeerAnswer> {
    this.process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the PyTorch peer ended');
    const answer = JSON.parse(value) as PeerAnswer & { error?: string };
    if (answer.error) throw new Error(`the PyTorch peer: ${answer.error}`);
    return answer;
  }

  stop(): void {
    this.process.kill();
  }
}
