import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ProcessorClock, TICKS_A_SECOND } from './turns.ts';

/**
 * One side of a comparison, in a process of its own: a script of this folder that reads one JSON request a line and
 * answers each with one JSON line, and sleeps in between.
 */
export class Side<About = unknown> implements ProcessorClock {
  readonly label: string;
  /** What it says of itself, versions for one. */
  readonly about: About;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #complaints: string[];

  private constructor(started: Started, label: string, about: About) {
    this.label = label;
    this.about = about;
    this.#process = started.child;
    this.#lines = started.lines;
    this.#complaints = started.complaints;
  }

  /** Start a Python script. @throws Error where this Python lacks what it needs, with its own words */
  static python<About>(python: string, script: string, ...args: readonly string[]): Promise<Side<About>> {
    return Side.#start(`${python} ${script}`, python, [path(script), ...args]);
  }

  /** Start a script of ours. */
  static node<About>(label: string, script: string, ...args: readonly string[]): Promise<Side<About>> {
    return Side.#start(label, process.execPath, [...NODE, path(script), ...args]);
  }

  static async #start<About>(label: string, command: string, args: readonly string[]): Promise<Side<About>> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const complaints: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaints.push(line);
      if (complaints.length > 20) complaints.shift();
    });
    // What cannot be started or written to shows as an answer that does not come.
    child.on('error', (error) => complaints.push(error.message));
    child.stdin.on('error', () => {});
    const started = {
      child,
      complaints,
      lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    };
    const side = new Side<About>(started, label, undefined as About);
    return new Side(started, label, await side.ask<About>({ kind: 'about' }));
  }

  /** @throws Error with the reason, where it cannot answer or has ended */
  async ask<Answer>(request: object): Promise<Answer> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.label} ended: ${this.#lastWords()}`);
    const answer = JSON.parse(value) as Answer & { error?: string };
    if (answer.error) throw new Error(`${this.label}: ${answer.error}`);
    return answer;
  }

  processorSeconds(): number | undefined {
    return this.#process.pid === undefined ? undefined : treeSeconds(this.#process.pid);
  }

  stop(): void {
    this.#process.kill();
  }

  #lastWords(): string {
    return this.#complaints.findLast((line) => line.trim() !== '') ?? 'it said nothing';
  }
}

/** This process and those that it has started, for what is timed in it on engines with a process of their own. */
export const ownTree: ProcessorClock = {
  label: 'this process',
  processorSeconds: () => treeSeconds(process.pid),
};

/** A heap that was busy is searched for garbage some seconds later, which would fall into another's turn. */
const NODE = ['--no-memory-reducer', '--import', 'tsx'];

interface Started {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly complaints: string[];
}

const path = (script: string): string => fileURLToPath(new URL(`./${script}`, import.meta.url));

/** Processor seconds of a process, all its threads, and the processes that it has started; Linux only. */
function treeSeconds(pid: number): number | undefined {
  try {
    // Behind the name, which may hold spaces and brackets: user and system time, own and of children that have ended.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    const own = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOf(pid, thread));
    return children.reduce((sum, child) => sum + (treeSeconds(Number(child)) ?? 0), own);
  } catch {
    return undefined;
  }
}

/** Not every kernel lists them. */
function childrenOf(pid: number, thread: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}
