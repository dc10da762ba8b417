import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../errors.ts';
import type { EngineOptions, Envelope, Reply, Request } from './protocol.ts';
import { Runtime } from './runtime.ts';

const port = parentPort!;
const runtime = new Runtime(workerData as EngineOptions);

async function handle(request: Request): Promise<unknown> {
  switch (request.kind) {
    case 'loadModel':
      return runtime.load(request.bytes);
    case 'loadProgram':
      return runtime.load(request.bytes, request);
    case 'runModel':
      return runtime.run(request.session, request.feeds, request.fetches);
    case 'runProgram':
      return runtime.step(request.session, request.feeds);
    case 'disposeSession':
      return runtime.disposeSession(request.session);
    case 'createState':
      return runtime.createState(request.tensors);
    case 'readState':
      return runtime.readState(request.state, request.keys);
    case 'writeState':
      return runtime.writeState(request.state, request.tensors);
    case 'disposeState':
      return runtime.disposeState(request.state);
    case 'runSeconds':
      return runtime.runSeconds;
    case 'close':
      return runtime.close();
  }
}

// One request at a time, in order: a device runs one graph at a time anyway.
let queue = Promise.resolve();
port.on('message', ({ id, request }: Envelope) => {
  queue = queue.then(async () => {
    let reply: Reply;
    try {
      reply = { id, answer: await handle(request) };
    } catch (error) {
      reply = { id, error: (error as Error).message, user: error instanceof UserError };
    }
    port.postMessage(reply);
    if (request.kind === 'close') port.close();
  });
});
