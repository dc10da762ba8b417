import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataSpec, otherDataNote } from '../../src/experiment/data.ts';
import { parseExperiment } from '../../src/experiment/read.ts';
import { carryOut } from '../../src/experiment/schedule.ts';
import { selectRows } from '../../src/experiment/selection.ts';
import { SMALL } from './file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-experiment-parts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the schedule', () => {
  it('begins what is ready, so many at a time, and ends when nothing can become ready', async () => {
    const begun: string[] = [];
    let running = 0;
    let most = 0;
    const task = (name: string, needs: string[] = []) => ({
      ready: () => needs.every((need) => done.has(need)),
      work: async () => {
        begun.push(name);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        done.add(name);
      },
    });
    const done = new Set<string>();
    await carryOut([task('c', ['a', 'b']), task('a'), task('b'), task('never', ['x']), task('d', ['a'])], 2);
    expect(begun).toEqual(['a', 'b', 'd', 'c']);
    expect(most).toBe(2);
  });

  it('begins nothing after an abort', async () => {
    const controller = new AbortController();
    const begun: number[] = [];
    const tasks = [1, 2, 3].map((number) => ({
      ready: () => true,
      work: async () => {
        begun.push(number);
        if (number === 2) controller.abort();
      },
    }));
    await carryOut(tasks, 1, controller.signal);
    expect(begun).toEqual([1, 2]);
  });
});

describe('a selection', () => {
  const { rows } = parseExperiment(SMALL, 'small.yaml');

  it('is of names and patterns, with seeds for all or some', () => {
    const selected = selectRows(
      rows,
      ['*-avg3', 'resnet18-conv'],
      [{ seeds: [1, 2] }, { rows: '*conv', seeds: [7] }],
    );
    expect(selected.map(({ name, seeds }) => [name, seeds])).toEqual([
      ['resnet18-conv', [7]],
      ['resnet18-avg3', [1, 2]],
    ]);
    expect(selectRows(rows, undefined)).toEqual(rows);
  });

  it('must exist', () => {
    expect(() => selectRows(rows, ['resnet50*'])).toThrow(
      '--only resnet50*: expected a row of the experiment, * for any letters; found none of that name among resnet18-conv, resnet18-avg3',
    );
    expect(() => selectRows(rows, undefined, [{ rows: 'x', seeds: [1] }])).toThrow(
      '--seeds x: expected a row',
    );
  });
});

describe('the data', () => {
  const of = (data: string) => ({ data, file: '/here/my.yaml' });

  it('is meant from the folder of the file', () => {
    expect(dataSpec(of('cifar10'))).toBe('cifar10');
    expect(dataSpec(of('pictures'))).toBe('/here/pictures');
    expect(dataSpec(of('imagenet100:../ilsvrc'))).toBe('imagenet100:/ilsvrc');
  });

  it('may lie elsewhere; of ImageNet, the place is enough', () => {
    expect(dataSpec(of('cifar10'), 'jpegs.tar')).toBe('jpegs.tar');
    expect(dataSpec(of('imagenet100'), '/ilsvrc')).toBe('imagenet100:/ilsvrc');
    expect(dataSpec(of('imagenet100'), 'imagenet:/tiny')).toBe('imagenet:/tiny');
    expect(() => dataSpec(of('imagenet'))).toThrow(
      '/here/my.yaml: the data is imagenet, expected the place of ImageNet with --data PATH',
    );
  });

  it('is told where it is not what the file means', () => {
    expect(otherDataNote(of('cifar10'), 'CIFAR-10')).toBeUndefined();
    expect(otherDataNote(of('imagenet'), 'ImageNet')).toBeUndefined();
    expect(otherDataNote(of('cifar10'), 'cifar10-jpeg')).toBe('on cifar10-jpeg in place of CIFAR-10');
    expect(otherDataNote(of('imagenet100'), 'ImageNet-10')).toBe('on ImageNet-10 in place of ImageNet-100');
    expect(otherDataNote(of('pictures'), 'pictures')).toBeUndefined();
  });
});
