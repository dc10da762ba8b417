import { describe, expect, it } from 'vitest';
import { orderClasses } from '../../../src/data/formats/class-order.ts';

describe('labels', () => {
  it.each(['-1', '-1.0', '-7'])('that are whole numbers, one of them %s, are refused', (below) => {
    const labels = [...Array(12).keys(), below].map(String);
    expect(() => orderClasses(labels, 'labels.csv')).toThrow(
      `labels.csv: expected labels of 0 or more, found ${below}, with which images without a label are often marked`,
    );
  });

  it('that are names may look like one', () => {
    const { classes, indexOf } = orderClasses(['-1', '+1', 'none'], 'labels.csv');
    expect(classes).toEqual(['+1', '-1', 'none']);
    expect(indexOf('-1')).toBe(1);
  });

  it('that are whole numbers from 0 are in the order of numbers', () => {
    const labels = [10, 9, 2, 1, 0].map(String);
    const { classes, notes } = orderClasses(labels, 'labels.csv');
    expect(classes).toEqual([...Array(11).keys()].map(String));
    expect(notes).toEqual(['no image has label 3, 4, 5, ...: 6 classes without images']);
  });
});
