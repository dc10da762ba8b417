/**
 * The process in which a model of somebody else's is run, by the same thread as elsewhere. Its own thread stays free
 * whatever that one does: it watches the memory, and ends with the caller.
 */
import type { Reply } from '../protocol.ts';
import { spawnWorker } from '../worker-threads.ts';
import type { GuardedOptions, GuardedWord } from './guard.ts';
import { type ParkedEnvelope, ScratchReader } from './scratch.ts';

const { options, bytes, files } = JSON.parse(process.argv[2]) as GuardedOptions;
/** How often memory is looked at, in milliseconds. */
const PERIOD = 25;
/** Answers of a classifier are small; larger ones are not sent. */
const LARGEST_ANSWER = 2 ** 30;

const say = (word: GuardedWord): void => void process.send!(word);
const end = (): void => void process.kill(process.pid, 'SIGKILL');

const scratch = new ScratchReader(files);
const worker = spawnWorker(new URL('./onnx-worker.ts', import.meta.url), options);
worker.on('online', () => say({ kind: 'ready' }));
worker.on('message', (reply: Reply) => say({ kind: 'reply', reply: checked(reply) }));
worker.on('error', (error) => {
  process.stderr.write(`${error.message}\n`, () => process.exit(1));
});
process.on('message', (parked: ParkedEnvelope) => {
  const { envelope, buffers } = scratch.fetch(parked);
  worker.postMessage(envelope, buffers);
});

setInterval(() => {
  const taken = process.memoryUsage.rss();
  if (taken <= bytes) return;
  // It is not waited for: the memory may be gone before the caller acts.
  process.send!({ kind: 'memory', taken } satisfies GuardedWord, end);
  setTimeout(end, 10 * PERIOD);
}, PERIOD);

// Ctrl-C goes to the whole group of processes; when to stop is the caller's to say.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
// Without a caller there is nobody to work for; an ordinary exit would wait for the thread.
process.on('disconnect', end);

function checked(reply: Reply): Reply {
  if (!('answer' in reply) || typeof reply.answer !== 'object' || reply.answer === null) return reply;
  const sizes = Object.values(reply.answer).map(
    (value) => (value as { data?: Uint8Array })?.data?.byteLength ?? 0,
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= LARGEST_ANSWER) return reply;
  return { id: reply.id, error: `its outputs have ${(total / 1e9).toFixed(1)} GB`, code: 'user' };
}
