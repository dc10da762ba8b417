/**
 * A model of somebody else's in a process of its own: it may take all memory, compute for ever or bring ONNX Runtime
 * down, and the caller goes on and says what happened.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ModelStoppedError, OutOfMemoryError } from '../../../errors.ts';
import { plural } from '../../../words.ts';
import type { ModelLimits } from '../../engine.ts';
import { end, hold } from '../child.ts';
import type { Port, PortListener } from '../client.ts';
import type { Envelope, Reply, Request } from '../protocol.ts';
import { gigabytes } from './limits.ts';
import type { OnnxOptions } from './runtime.ts';
import { Scratch } from './scratch.ts';

/** What the process is started with. */
export interface GuardedOptions {
  readonly options: OnnxOptions;
  /** Memory that it may take. */
  readonly bytes: number;
  /** The scratch files, as it knows them. */
  readonly files: readonly number[];
}

/** What the process tells. */
export type GuardedWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'memory'; readonly taken: number };

/** The first descriptor behind standard input, output, error and Node's channel. */
const FIRST_FILE = 4;
/** Characters of the last words of a process that are told. */
const LONGEST_WORDS = 2000;

export function openGuarded(
  options: OnnxOptions,
  limits: ModelLimits,
  { reply, gone }: PortListener,
): Port<Uint8Array> {
  const scratch = new Scratch();
  const child = start(options, limits, scratch);
  const watch = new Watch(limits, (error) => {
    stop(error);
  });
  let said = '';
  let sending = Promise.resolve();
  let closing = false;
  let ended: Error | undefined;
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);

  function stop(error: Error): void {
    ended ??= error;
    kill();
  }

  child.stderr?.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-LONGEST_WORDS);
  });
  child.on('message', (word: GuardedWord) => {
    if (word.kind === 'ready') watch.ready();
    else if (word.kind === 'memory') stop(watch.tooLarge(word.taken));
    else {
      scratch.answered(watch.answered(word.reply));
      reply(word.reply);
    }
  });
  const over = (error: Error): void => {
    watch.close();
    scratch.close();
    process.off('exit', kill);
    gone(error);
  };
  child.once('error', (error) => over(ended ?? error));
  child.once('exit', (code, signal) => {
    over(ended ?? (closing ? new Error('the engine is closed') : watch.crashed(code, signal, said)));
  });
  return {
    post: (envelope) => {
      watch.asked(envelope);
      sending = sending.then(async () => {
        if (child.connected) child.send(await scratch.park(envelope), () => {});
      });
    },
    hold: (on) => hold(child, on),
    end: async () => {
      closing = true;
      await end(child, (own) => own.kill('SIGKILL'));
    },
  };
}

function start(options: OnnxOptions, { bytes }: ModelLimits, { files }: Scratch): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = new URL(fromSource ? './guarded-process.ts' : './guarded-process.js', import.meta.url);
  const own: GuardedOptions = { options, bytes, files: files.map((_, at) => FIRST_FILE + at) };
  return fork(fileURLToPath(file), [JSON.stringify(own)], {
    serialization: 'advanced',
    execArgv: fromSource ? ['--import', import.meta.resolve('tsx/esm')] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...files],
  });
}

/** What the process is at, for how long, and how its end is told. */
class Watch {
  readonly #limits: ModelLimits;
  readonly #late: (error: Error) => void;
  /** Requests that are not answered, in their order; the process is at the first. */
  readonly #waiting: Envelope<unknown>[] = [];
  /** Images of the first answer of each session. */
  readonly #first = new Map<number, number>();
  #started = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: ModelLimits, late: (error: Error) => void) {
    this.#limits = limits;
    this.#late = late;
  }

  ready(): void {
    this.#started = true;
    this.#next();
  }

  asked(envelope: Envelope<unknown>): void {
    this.#waiting.push(envelope);
    if (this.#waiting.length === 1) this.#next();
  }

  /** @returns whether it was a whole model that was handed over */
  answered(reply: Reply): boolean {
    const request = this.#waiting.shift()?.request;
    if (request?.kind === 'runModel' && !this.#first.has(request.session) && 'answer' in reply) {
      this.#first.set(request.session, imagesOf(request));
    }
    this.#next();
    return request?.kind === 'loadModel';
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  tooLarge(taken: number): Error {
    const { model, bytes } = this.#limits;
    return new OutOfMemoryError(
      `${model}: took more than the ${gigabytes(bytes)} of memory that a model is given, ${this.#doing()} (stopped at ` +
        `${gigabytes(taken)}); give more with --model-memory, or a smaller model`,
    );
  }

  crashed(code: number | null, signal: NodeJS.Signals | null, said: string): Error {
    const { model } = this.#limits;
    if (signal === 'SIGKILL') {
      return new OutOfMemoryError(
        `${model}: the process in which it runs was killed ${this.#doing()}, most likely for want of memory`,
      );
    }
    const how = signal ? `by ${signal}` : `with exit code ${code}`;
    const last = said.trim().split('\n').at(-1);
    return new ModelStoppedError(
      `${model}: ended ONNX Runtime ${how} ${this.#doing()}${last ? ` (${last})` : ''}; the file is damaged, or meets a ` +
        'defect of the runtime: export it again',
    );
  }

  /** The clock for the request at hand. */
  #next(): void {
    clearTimeout(this.#timer);
    const [at] = this.#waiting;
    if (!this.#started || at === undefined) return;
    const { model, seconds } = this.#limits;
    const allowed = seconds * this.#share(at.request);
    this.#timer = setTimeout(
      () =>
        this.#late(
          new ModelStoppedError(
            `${model}: gave no answer within ${Number(allowed.toPrecision(3))} s ${this.#doing()}, and was stopped; give ` +
              'more time with --model-timeout, or another model',
          ),
        ),
      // The largest that a timer takes.
      Math.min(allowed * 1000, 2 ** 31 - 1),
    );
    this.#timer.unref();
  }

  /** Later answers have as much time an image as the first one. */
  #share(request: Request<unknown>): number {
    if (request.kind !== 'runModel') return 1;
    return Math.max(1, imagesOf(request) / (this.#first.get(request.session) ?? Number.POSITIVE_INFINITY));
  }

  /** In words, to follow what happened. */
  #doing(): string {
    const request = this.#waiting[0]?.request;
    if (request?.kind !== 'runModel') return 'while it was loaded';
    const images = imagesOf(request);
    return `on ${plural(images, 'image')}`;
  }
}

function imagesOf({ feeds }: Extract<Request<unknown>, { kind: 'runModel' }>): number {
  return Math.max(1, ...Object.values(feeds).map(({ shape }) => shape[0] ?? 1));
}
