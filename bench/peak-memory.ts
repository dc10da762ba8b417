/** Prints the peak memory, in megabytes, of a process that trains some steps: `peak-memory.ts SUBJECT THREADS STEPS`. */
import { cpuEngine, type Subject, trainingStep } from './network.ts';

const subject = JSON.parse(process.argv[2]) as Subject;
const [threads, steps] = process.argv.slice(3).map(Number);
const engine = await cpuEngine(threads);
const step = await trainingStep(engine, subject);
for (let i = 0; i < steps; i++) await step.run();
console.log(Math.round(process.resourceUsage().maxRSS / 1024));
await engine.close();
