/** The process in which libtorch lives; started by engine.ts, which talks to it through Node's channel. */
import type { Plan } from '../../../torch/plan.ts';
import type { Envelope, Reply } from '../protocol.ts';
import { serve } from '../serve.ts';
import { NOTE } from './notes.ts';
import { TorchRuntime, type TorchRuntimeOptions } from './runtime.ts';

const options = JSON.parse(process.argv[2]) as TorchRuntimeOptions;
const answer = serve<Plan>(
  () => new TorchRuntime({ ...options, onNote: (note) => process.stderr.write(`${NOTE}${note}\n`) }),
  (reply: Reply) => process.send!(reply),
);
process.on('message', (envelope: Envelope<Plan>) => void answer(envelope));
// Signals may go to the whole group of processes; when to stop is the caller's to say.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
// Without a caller there is nobody to work for.
process.on('disconnect', () => process.exit());
