/**
 * Our side of a comparison: one engine in a process of its own, asked as protocol.ts says.
 *
 *     node --import tsx bench/ours.ts '{"engine":"onnxruntime","device":"cpu","threads":2}'
 */
import { createInterface } from 'node:readline';
import type { EngineOptions } from '../src/engine/engine.ts';
import { createEngine } from '../src/engine/node/index.ts';
import { losses } from './losses.ts';
import { inference, type Repeated, trainingStep } from './network.ts';
import type {
  AboutOurs,
  CloseRequest,
  LossesRequest,
  OpenRequest,
  TurnAnswer,
  TurnRequest,
} from './protocol.ts';

type Request = { readonly kind: 'about' } | OpenRequest | TurnRequest | CloseRequest | LossesRequest;

const engine = await createEngine(JSON.parse(process.argv[2]) as EngineOptions);
const opened = new Map<string, Repeated>();

/** Seconds that a thing runs before it is called open. */
const FIRST_SECONDS = 0.5;

async function answer(request: Request): Promise<object> {
  switch (request.kind) {
    case 'about':
      return { engine: engine.name, version: engine.version } satisfies AboutOurs;
    case 'open': {
      const make = request.work === 'train' ? trainingStep : inference;
      const made = await make(engine, request.workload);
      opened.set(request.id, made);
      await repeat(made, FIRST_SECONDS, 2);
      return {};
    }
    case 'turn':
      return await turn(opened.get(request.id)!, request);
    case 'close':
      await opened.get(request.id)?.close();
      opened.delete(request.id);
      return {};
    case 'losses':
      return { losses: await losses(engine, request) };
  }
}

async function turn(subject: Repeated, { seconds, leastSteps }: TurnRequest): Promise<TurnAnswer> {
  const first = await repeat(subject, seconds / 4, 1);
  const kernels = await engine.runSeconds();
  const counted = await repeat(subject, seconds, leastSteps);
  const inside = (await engine.runSeconds()) - kernels;
  return {
    counted: counted.steps,
    seconds: counted.seconds,
    steps: first.steps + counted.steps,
    outside: 1 - inside / counted.seconds,
  };
}

/** Run until so many seconds have passed, and so many times at least. */
async function repeat(
  subject: Repeated,
  seconds: number,
  least: number,
): Promise<{ readonly steps: number; readonly seconds: number }> {
  const start = performance.now();
  for (let steps = 1; ; steps++) {
    await subject.run();
    const passed = (performance.now() - start) / 1000;
    if (passed >= seconds && steps >= least) return { steps, seconds: passed };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: object;
  try {
    reply = await answer(JSON.parse(line) as Request);
  } catch (error) {
    reply = { error: (error as Error).message };
  }
  console.log(JSON.stringify(reply));
}
await engine.close();
