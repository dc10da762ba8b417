import { describe, expect, it } from 'vitest';
import { disagreements, surestMistakes } from '../../src/analyze/failures.ts';
import { BENCHMARK_CORRUPTIONS, SEVERITIES } from '../../src/corrupt/names.ts';
import { randomStream } from '../../src/random/random.ts';
import { predictionsOf, type Said } from './answers.ts';

const CLASSES = ['cat', 'dog'];
const LABELS = [0, 0, 1, 1];
const RIGHT: Said = [
  [0, 0.9],
  [0, 0.9],
  [1, 0.9],
  [1, 0.9],
];

describe('surestMistakes', () => {
  it('are right when clean, wrong when corrupted, each image once, where the model is surest', () => {
    const predictions = predictionsOf(CLASSES, LABELS, {
      // Image 1 is wrong already when clean.
      clean: [
        [0, 0.9],
        [1, 0.9],
        [1, 0.9],
        [1, 0.9],
      ],
      'fog.1': [
        [1, 0.7],
        [1, 1],
        [0, 0.6],
        [1, 0.99],
      ],
      // Equally sure and worse: the mild one is taken.
      'fog.5': [[1, 0.7], [1, 1], [0, 0.8], null],
    });
    expect(surestMistakes(predictions, 10).map(({ weight: _, ...rest }) => rest)).toEqual([
      { image: 2, corruption: 'fog', severity: 5 },
      { image: 0, corruption: 'fog', severity: 1 },
    ]);
  });

  it('need no clean answer where clean images are others, or were not measured', () => {
    const cells = { 'fog.1': [[1, 0.7], ...RIGHT.slice(1)] as Said };
    const wrong: Said = [[1, 0.9], ...RIGHT.slice(1)];
    const images = (list: { image: number }[]) => list.map(({ image }) => image);
    expect(images(surestMistakes(predictionsOf(CLASSES, LABELS, cells), 5))).toEqual([0]);
    const others = predictionsOf(CLASSES, LABELS, { clean: wrong, ...cells }, [1, 0, 0, 1]);
    expect(images(surestMistakes(others, 5))).toEqual([0]);
    const same = predictionsOf(CLASSES, LABELS, { clean: wrong, ...cells });
    expect(images(surestMistakes(same, 5))).toEqual([]);
  });

  it('are of different corruptions and classes, although one corruption is the surest throughout', () => {
    const random = randomStream('mistakes');
    const labels = Array.from({ length: 60 }, (_, image) => image % 5);
    const cells: Record<string, Said> = { clean: labels.map((label) => [label, 1]) };
    for (const corruption of BENCHMARK_CORRUPTIONS) {
      for (const severity of SEVERITIES) {
        cells[`${corruption}.${severity}`] = labels.map((label) => [
          (label + 1) % 5,
          corruption === 'fog' ? 0.99 + 0.01 * random.uniform() : 0.5 * random.uniform(),
        ]);
      }
    }
    const chosen = surestMistakes(predictionsOf(['a', 'b', 'c', 'd', 'e'], labels, cells), 12);
    expect(chosen).toHaveLength(12);
    expect(new Set(chosen.map(({ image }) => image)).size).toBe(12);
    expect(new Set(chosen.map(({ corruption }) => corruption)).size).toBe(12);
    const perClass = [0, 1, 2, 3, 4].map(
      (label) => chosen.filter(({ image }) => labels[image] === label).length,
    );
    expect(Math.max(...perClass)).toBeLessThanOrEqual(3);
    const weights = chosen.map(({ weight }) => weight);
    expect(weights).toEqual([...weights].sort((a, b) => b - a));
    // With one corruption alone there is no other to take.
    const fog = Object.fromEntries(Object.entries(cells).filter(([name]) => /^(clean|fog)/.test(name)));
    expect(surestMistakes(predictionsOf(['a', 'b', 'c', 'd', 'e'], labels, fog), 12)).toHaveLength(12);
  });
});

describe('disagreements', () => {
  it('are right for one model and wrong for the other, both being right when clean', () => {
    const right = predictionsOf(CLASSES, LABELS, {
      clean: [
        [0, 0.9],
        [0, 0.9],
        [1, 0.9],
        [0, 0.9],
      ],
      'fog.2': [
        [0, 0.5],
        [0, 0.9],
        [1, 0.9],
        [1, 1],
      ],
      'snow.2': [
        [1, 1],
        [0, 0.6],
        [1, 1],
        [1, 1],
      ],
    });
    const wrong = predictionsOf(CLASSES, LABELS, {
      clean: RIGHT,
      'fog.2': [
        [1, 0.9],
        [1, 0.8],
        [1, 0.9],
        [0, 1],
      ],
      'snow.2': [
        [1, 1],
        [1, 0.9],
        [1, 0.9],
        [0, 1],
      ],
      // Measured by this one alone.
      'frost.2': [
        [1, 1],
        [1, 1],
        [0, 1],
        [0, 1],
      ],
    });
    const found = disagreements(right, wrong, 5);
    expect(found.map(({ image, corruption }) => [image, corruption])).toEqual([
      [1, 'fog'],
      [0, 'fog'],
    ]);
    expect(found.map(({ weight }) => weight)).toEqual([expect.closeTo(0.72, 6), expect.closeTo(0.45, 6)]);
    expect(disagreements(wrong, right, 5)).toEqual([]);
  });

  it('are of the same images', () => {
    const [a, b] = [LABELS, [1, 0, 1, 1]].map((labels) => predictionsOf(CLASSES, labels, { 'fog.1': RIGHT }));
    expect(() => disagreements(a!, b!, 5)).toThrow(RangeError);
  });
});
