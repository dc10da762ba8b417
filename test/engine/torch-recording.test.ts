import { expect, test } from 'vitest';
import type { CudaGraph } from '../../src/engine/node/torch/cuda.ts';
import { Recording } from '../../src/engine/node/torch/recording.ts';

/** A device that records by calling, and tells what happens. */
function pretend(fails = false) {
  const log: string[] = [];
  let graphs = 0;
  const capture = (launch: () => void): CudaGraph => {
    log.push('begin');
    launch();
    if (fails) throw new Error('operation not permitted when stream is capturing');
    const id = ++graphs;
    log.push('end');
    return { launch: () => log.push(`launch ${id}`), destroy: () => log.push(`destroy ${id}`) };
  };
  return { log, device: { capture } };
}

test('a step runs plainly three times, is recorded once, and then is launched', () => {
  const { log, device } = pretend();
  const recording = new Recording(device, () => 1);
  for (let run = 0; run < 6; run++) {
    recording.run(
      () => log.push('step'),
      () => log.push('clear'),
    );
  }
  const recorded = ['clear', 'begin', 'step', 'end', 'launch 1', 'launch 1', 'launch 1'];
  expect(log).toEqual(['step', 'step', 'step', ...recorded]);
  expect(recording.holds).toBe(true);
  recording.destroy();
  expect(log.at(-1)).toBe('destroy 1');
});

test('it is recorded anew after a tensor was placed that stays', () => {
  const { log, device } = pretend();
  let placed = 1;
  const recording = new Recording(device, () => placed);
  const run = (): void =>
    recording.run(
      () => log.push('step'),
      () => log.push('clear'),
    );
  for (let i = 0; i < 4; i++) run();
  placed++;
  log.length = 0;
  run();
  run();
  expect(log).toEqual(['destroy 1', 'clear', 'begin', 'step', 'end', 'launch 2', 'launch 2']);
});

test('what cannot be recorded runs plainly from then on, and it is said why', () => {
  const { log, device } = pretend(true);
  const recording = new Recording(device, () => 1);
  for (let run = 0; run < 5; run++) {
    recording.run(
      () => log.push('step'),
      () => log.push('clear'),
    );
  }
  expect(log).toEqual(['step', 'step', 'step', 'clear', 'begin', 'step', 'clear', 'step', 'step']);
  expect(recording.refused).toBe('operation not permitted when stream is capturing');
  expect(recording.holds).toBe(false);
});
