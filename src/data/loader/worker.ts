/** A thread that makes batches; see `LoaderPool`. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../../errors.ts';
import { explainFinally } from '../../system-errors.ts';
import { BatchMaker } from './make-batch.ts';
import type { Reply, Request } from './pool.ts';

const port = parentPort!;
const makers = new Map<number, BatchMaker>();

// One batch at a time: while the images of a batch are decoded, this thread is busy with none but them.
let queue = Promise.resolve();
port.on('message', (request: Request) => {
  queue = queue.then(() => handle(request));
});

async function handle(request: Request): Promise<void> {
  if (request.kind === 'open') {
    makers.set(request.dataset, new BatchMaker(request.images));
    return;
  }
  if (request.kind === 'forget') {
    await makers.get(request.dataset)?.close();
    makers.delete(request.dataset);
    return;
  }
  let reply: Reply;
  try {
    reply = { id: request.id, result: await makers.get(request.dataset)!.make(request.job) };
  } catch (cause) {
    const error = explainFinally(cause);
    const { message, stack } = error as Error;
    reply = { id: request.id, failure: { message, stack, isUserError: error instanceof UserError } };
  }
  port.postMessage(reply);
}
