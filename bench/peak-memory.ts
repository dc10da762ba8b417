/** Prints the peak memory, in megabytes, of a process that trains some steps: `peak-memory.ts WORKLOAD THREADS STEPS`. */
import { createEngine } from '../src/engine/node/index.ts';
import { trainingStep, type Workload } from './network.ts';

const workload = JSON.parse(process.argv[2]) as Workload;
const [threads, steps] = process.argv.slice(3).map(Number);
const engine = await createEngine({ device: 'cpu', threads });
const step = await trainingStep(engine, workload);
for (let i = 0; i < steps; i++) await step.run();
console.log(Math.round(process.resourceUsage().maxRSS / 1024));
await engine.close();
