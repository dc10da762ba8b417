import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/evaluate/grid/grid.ts';
import { type LabelledBatch, type MeasureOptions, measureCells } from '../../../src/evaluate/grid/measure.ts';

const FOG: Cell = { corruption: 'fog', severity: 1 };
const SNOW: Cell = { corruption: 'snow', severity: 5 };

/** A pass of batches whose images are the logits themselves; notes when it is asked and closed. */
function pass(batches: { logits: number[][]; labels: number[] }[], log: string[], name: string) {
  return {
    async *[Symbol.asyncIterator](): AsyncGenerator<LabelledBatch> {
      try {
        let at = 0;
        for (const [index, { logits, labels }] of batches.entries()) {
          log.push(`${name}${index}`);
          yield {
            images: Float32Array.from(logits.flat()),
            labels: Int32Array.from(labels),
            indices: labels.map((_, place) => at + place),
            count: labels.length,
          };
          at += labels.length;
        }
      } finally {
        log.push(`${name} closed`);
      }
    },
  };
}

const name = (cell: Cell | 'clean') => (cell === 'clean' ? 'clean' : cell.corruption);

function options(overrides: Partial<MeasureOptions> & { log?: string[] }): MeasureOptions {
  const right = { logits: [[1, 0], [0, 1]], labels: [0, 1] }; // biome-ignore format: a matrix
  const log = overrides.log ?? [];
  return {
    cells: ['clean', FOG, SNOW],
    open: (cell) => pass([right, right], log, name(cell)),
    classify: async ({ images }) => images as Float32Array,
    classes: 2,
    batches: 2,
    ahead: 2,
    ...overrides,
  };
}

async function collect(overrides: Partial<MeasureOptions> & { log?: string[] }) {
  const measured = [];
  for await (const cell of measureCells(options(overrides))) measured.push(cell);
  return measured;
}

describe('measureCells', () => {
  it('counts errors image by image, the last batch smaller than the others', async () => {
    const batches = [
      { logits: [[9, 1, 0, 0, 0, 0], [9, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 9]], labels: [0, 1, 4] },
      { logits: [[5, 4, 3, 2, 1, 0]], labels: [5] },
    ]; // biome-ignore format: matrices
    const measured = await collect({ cells: ['clean'], classes: 6, open: () => pass(batches, [], '') });
    // Right: the first. Among five: the first two (the third's zeros rank by index, label 4 is sixth).
    expect(measured).toEqual([{ cell: 'clean', top1: 3 / 4, top5: 1 / 4 + 1 / 4, images: 4 }]);
  });

  it('takes NaN as wrong and equal logits by index', async () => {
    const batches = [{ logits: [[Number.NaN, 1], [0, Number.NaN], [2, 2], [2, 2]], labels: [1, 0, 0, 1] }]; // biome-ignore format: a matrix
    const [{ top1, top5 }] = await collect({
      cells: ['clean'],
      batches: 1,
      open: () => pass(batches, [], ''),
    });
    expect({ top1, top5 }).toEqual({ top1: 3 / 4, top5: 2 / 4 });
  });

  it('keeps the answer to each image in its place, where that is asked for', async () => {
    const answers = { images: () => 3 };
    const batches = [
      { logits: [[0, 1]], labels: [1] },
      { logits: [[0, 0]], labels: [0] },
    ];
    const asked = { cells: ['clean' as const], open: () => pass(batches, [], '') };
    const [{ top1, answers: kept }] = await collect({ ...asked, answers });
    expect(top1).toBe(0);
    expect([...kept!.predicted]).toEqual([1, 0, -1]);
    expect([...kept!.confidence]).toEqual([Math.fround(Math.E / (1 + Math.E)), 0.5, Number.NaN]);
    expect((await collect(asked))[0]).not.toHaveProperty('answers');
  });

  it('fetches the next batch, and the next cell, while the network runs', async () => {
    const log: string[] = [];
    await collect({
      cells: ['clean', FOG],
      log,
      classify: async ({ images }) => {
        log.push('classify');
        return images as Float32Array;
      },
    });
    expect(log).toEqual([
      'clean0',
      'clean1',
      'fog0',
      'classify',
      'clean closed',
      'classify',
      'fog1',
      'classify',
      'fog closed',
      'classify',
    ]);
  });

  it('stops when aborted, keeps what was finished and closes the passes', async () => {
    const abort = new AbortController();
    const log: string[] = [];
    const measured: string[] = [];
    let batches = 0;
    const run = async () => {
      const cells = measureCells(
        options({ log, signal: abort.signal, onBatch: () => ++batches === 3 && abort.abort() }),
      );
      for await (const { cell } of cells) measured.push(name(cell));
    };
    await expect(run()).rejects.toThrow(/abort/i);
    expect(measured).toEqual(['clean']);
    expect(log.filter((line) => line.endsWith('closed')).sort()).toEqual([
      'clean closed',
      'fog closed',
      'snow closed',
    ]);
  });

  it('hands a failing loader and a failing network on', async () => {
    const broken = (message: string) => async () => {
      throw new Error(message);
    };
    await expect(collect({ classify: broken('no memory') })).rejects.toThrow('no memory');
    const open = () => ({ [Symbol.asyncIterator]: () => ({ next: broken('truncated JPEG') }) });
    await expect(collect({ open })).rejects.toThrow('truncated JPEG');
  });

  it('passes over a batch whose images were all skipped', async () => {
    const batches = [
      { logits: [], labels: [] },
      { logits: [[0, 1]], labels: [0] },
    ];
    const [cell] = await collect({ cells: ['clean'], open: () => pass(batches, [], '') });
    expect(cell).toEqual({ cell: 'clean', top1: 1, top5: 0, images: 1 });
  });

  it('begins as many cells ahead as it takes to keep the workers busy', async () => {
    const log: string[] = [];
    const one = [{ logits: [[1, 0]], labels: [0] }];
    await collect({
      batches: 1,
      open: (cell) => pass(one, log, name(cell)),
      classify: async ({ images }) => {
        log.push('classify');
        return images as Float32Array;
      },
    });
    const before = log.slice(0, log.indexOf('classify'));
    expect(before.filter((line) => !line.endsWith('closed'))).toEqual(['clean0', 'fog0', 'snow0']);
  });
});
