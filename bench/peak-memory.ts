/** Prints the peak memory, in megabytes, of a process that trains four steps: `peak-memory.ts WIDTH THREADS`. */
import { cpuEngine, resnet18, trainingStep } from './network.ts';

const [width, threads] = process.argv.slice(2).map(Number);
const engine = await cpuEngine(threads);
const step = await trainingStep(engine, resnet18(width));
for (let i = 0; i < 4; i++) await step.run();
console.log(Math.round(process.resourceUsage().maxRSS / 1024));
await engine.close();
