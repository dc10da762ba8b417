import { parentPort, workerData } from 'node:worker_threads';
import type { Envelope } from '../protocol.ts';
import { serve } from '../serve.ts';
import { type OnnxOptions, OnnxRuntime } from './runtime.ts';

const port = parentPort!;
const answer = serve<Uint8Array>(
  () => OnnxRuntime.start(workerData as OnnxOptions),
  (reply) => port.postMessage(reply),
);
port.on('message', async (envelope: Envelope<Uint8Array>) => {
  await answer(envelope);
  if (envelope.request.kind === 'close') port.close();
});
