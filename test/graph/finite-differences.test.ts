import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { float32, floats } from '../../src/graph/tensor.ts';
import { testEngine } from '../support/engine.ts';
import { generated } from '../support/generated.ts';
import { buildOpCase } from '../support/op-cases.ts';
import { readOpCases } from '../support/torch-fixtures.ts';

/*
 * Gradients against the op's own forward pass: along a direction d, the gradient's product with d must be
 * the slope of sum(upstream · y), (L(x + h·d) - L(x - h·d)) / 2h. The sum is taken in float64, so what
 * limits the comparison is the rounding of y over h, and h² times the third derivative.
 */
const STEP = 2e-3;

/** Where a function has a kink or a jump within reach, or is too steep for the step, its slope says nothing. */
function smooth({ op, name }: { op: string; name: string }): boolean {
  if (op === 'sign') return false;
  if (op === 'relu') return false; // its case has values at zero; ReLU inside networks is tested by PyTorch's numbers
  if (/ties|equal|zeros after a ReLU|constant channel/.test(name)) return false;
  return !/mean -?100|large logits|confident|±90/.test(name);
}

const CASES = readOpCases('ops').filter(smooth);

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

test.each(CASES.map((one) => [one.op, one.name, one] as const))('%s: %s', async (_op, _name, one) => {
  const { outputs } = buildOpCase(one);
  const session = await engine.loadGraph(outputs, { name: 'test' });
  try {
    const [output] = one.outputs.keys();
    const upstream = floats(one.upstream);
    const loss = async (moved: string, by: Float32Array): Promise<number> => {
      const { shape } = one.inputs.get(moved)!;
      const found = await session.run({ ...Object.fromEntries(one.inputs), [moved]: float32(by, shape) });
      return floats(found[output]).reduce((sum, y, i) => sum + y * upstream[i], 0);
    };
    const analytic = await session.run(Object.fromEntries(one.inputs));
    for (const name of one.gradients.keys()) {
      const x = floats(one.inputs.get(name)!);
      const direction = generated(`direction of ${name}`, x.length);
      const step = (sign: number): Float32Array => x.map((value, i) => value + sign * STEP * direction[i]);
      const [forward, backward] = [step(1), step(-1)];
      const slope = ((await loss(name, forward)) - (await loss(name, backward))) / (2 * STEP);
      // The steps that float32 really took, which at small STEP differ from h·d in the third digit.
      const gradient = floats(analytic[`gradient of ${name}`]);
      const product = gradient.reduce(
        (sum, value, i) => sum + (value * (forward[i] - backward[i])) / (2 * STEP),
        0,
      );
      const size = Math.hypot(...gradient.map((value, i) => value * direction[i]));
      expect(Math.abs(slope - product), `${name}: ${slope} and ${product}`).toBeLessThan(2e-3 * (1 + size));
    }
  } finally {
    await session.dispose();
  }
});
