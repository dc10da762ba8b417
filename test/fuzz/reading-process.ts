/** A process that reads files, and what watches it: it may hang, take all memory or end. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './serve.ts';

/** A reader that takes longer hangs: a file of some kilobytes takes milliseconds. */
const HANGS_AFTER = 10_000;
/** What a file of some kilobytes may make a process take beside what it has taken at its start. */
const MEGABYTES = 768;
const OLD_SPACE = 512;

export interface ReadingOptions {
  /** What the process runs; the readers when left out. */
  readonly script?: string;
  /** Milliseconds. */
  readonly hangsAfter?: number;
  /** What a file may take. */
  readonly megabytes?: number;
  /** The most that JavaScript's own memory may be. */
  readonly heapMegabytes?: number;
}

/** A process that reads. */
export class ReadingProcess {
  readonly #process: ChildProcess;
  #said = '';
  readonly #hangsAfter: number;
  readonly #megabytes: number;
  #atStart = 0;
  files = 0;

  private constructor(
    root: string,
    {
      script = 'child.ts',
      hangsAfter = HANGS_AFTER,
      megabytes = MEGABYTES,
      heapMegabytes = OLD_SPACE,
    }: ReadingOptions,
  ) {
    this.#hangsAfter = hangsAfter;
    this.#megabytes = megabytes;
    const temporary = path.join(root, 'tmp');
    mkdirSync(temporary, { recursive: true });
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), [root], {
      execArgv: ['--import', import.meta.resolve('tsx'), `--max-old-space-size=${heapMegabytes}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        HOME: root,
        TMPDIR: temporary,
        PUSHPULL_CACHE: path.join(root, 'cache'),
        NO_COLOR: '1',
      },
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-4000);
    });
  }

  /** @param root the only folder that it may write to */
  static async start(root: string, options: ReadingOptions = {}): Promise<ReadingProcess> {
    const child = new ReadingProcess(root, options);
    const answer = await child.#answer(600_000);
    if (answer.problem) throw new Error(`the reading process does not start: ${answer.problem}`);
    child.#atStart = answer.megabytes;
    return child;
  }

  /** What is wrong with how a file was read; undefined where nothing is. */
  async read(order: Order): Promise<string | undefined> {
    this.files++;
    const answer = this.#answer(order.reader === 'options' ? 6 * this.#hangsAfter : this.#hangsAfter);
    this.#process.send(order);
    const { problem, megabytes } = await answer;
    const taken = Math.round(megabytes - this.#atStart);
    if (problem === undefined && taken > this.#megabytes)
      return `took ${taken} MB beside the ${Math.round(this.#atStart)} of its start`;
    return problem;
  }

  /** The next answer, or what became of the process instead. */
  #answer(milliseconds: number): Promise<Answer> {
    return new Promise((resolve) => {
      const end = (answer: Answer) => {
        clearTimeout(timer);
        clearInterval(watch);
        this.#process.removeAllListeners('message').removeAllListeners('exit');
        resolve(answer);
      };
      const timer = setTimeout(
        () => end({ problem: `took longer than ${milliseconds / 1000} s`, megabytes: 0 }),
        milliseconds,
      );
      // Native memory that grows without end would take the machine along before the time is up.
      const watch = setInterval(() => {
        const now = this.#resident();
        if (this.#atStart > 0 && now - this.#atStart > 2 * this.#megabytes)
          end({ problem: `takes ${Math.round(now)} MB`, megabytes: now });
      }, 100);
      this.#process.once('message', (answer) => end(answer as Answer));
      this.#process.once('exit', (status, signal) =>
        end({ problem: `the process ended with ${signal ?? status}\n${this.#said}`, megabytes: 0 }),
      );
    });
  }

  /** Its memory in MB, where the system tells. */
  #resident(): number {
    try {
      return (
        (Number(readFileSync(`/proc/${this.#process.pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20
      );
    } catch {
      return 0;
    }
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}
