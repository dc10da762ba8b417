/** Peak memory of a process that trains, in its own process: tsx bench/peak-memory.ts WIDTH BATCH THREADS */
import { cpuEngine, trainingStep } from './network.ts';

const [width, batch, threads] = process.argv.slice(2).map(Number);
const engine = await cpuEngine(threads);
const step = await trainingStep(engine, width, batch, 'conv');
for (let i = 0; i < 4; i++) await step.run();
console.log((process.resourceUsage().maxRSS / 1024).toFixed(0));
await engine.close();
