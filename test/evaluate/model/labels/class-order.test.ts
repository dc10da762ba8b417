import { describe, expect, it } from 'vitest';
import {
  type ClassOrder,
  otherOrders,
  outputsInOrder,
} from '../../../../src/evaluate/model/labels/class-order.ts';
import { findClassOutputs } from '../../../../src/evaluate/model/labels/class-outputs.ts';
import { ILSVRC_IDS } from '../../../../src/evaluate/model/labels/ilsvrc-ids.ts';
import { IMAGENET_CLASSES } from '../../../../src/evaluate/model/labels/imagenet-classes.ts';

/** Names in the order in which folders come. */
const folders = (names: readonly (string | number)[]) => names.map(String).sort();
/** The class of each output. */
const sequence = (order: ClassOrder, classes: readonly string[]) => {
  const outputs = outputsInOrder(order, classes, classes.length)!;
  return classes.map((_, output) => classes[outputs.indexOf(output)]);
};
const range = (count: number, first = 0) => Array.from({ length: count }, (_, at) => at + first);

describe('the order of numbers', () => {
  it.each<[what: string, inOrder: (string | number)[]]>([
    ['from 0', range(1000)],
    ['from 1', range(1000, 1)],
    ['with gaps', [3, 7, 20, 100]],
    ['with text before', range(12).map((number) => `class_${number}`)],
    ['with text behind', range(12, 1).map((number) => `${number}. kind`)],
    ['and names', ['2_cat', '10_ant', '10_bee', '011_dog']],
    ['longer than numbers of JavaScript', ['9007199254740993', '9007199254740995', '19007199254740993']],
  ])('%s', (_, inOrder) => {
    const classes = folders(inOrder);
    expect(classes).not.toEqual(inOrder.map(String));
    expect(sequence('number', classes)).toEqual(inOrder.map(String));
    expect(otherOrders(classes, classes.length).map(({ order }) => order)).toContain('number');
  });

  it('is that of text where numbers are padded, and nothing else is tried then', () => {
    const classes = folders(range(120).map((number) => String(number).padStart(3, '0')));
    expect(sequence('number', classes)).toEqual(classes);
    expect(otherOrders(classes, classes.length)).toEqual([]);
    expect(otherOrders(['cat', 'dog', 'emu'], 3)).toEqual([]);
  });

  it('is the number of the output where there are more of these', () => {
    expect(outputsInOrder('number', ['207', '3'], 1000)).toEqual([207, 3]);
    expect(outputsInOrder('number-1', ['class 207', 'class 3'], 1000)).toEqual([206, 2]);
    expect(outputsInOrder('number+1', ['0', '999'], 1001)).toEqual([1, 1000]);
    expect(outputsInOrder('number', ['1000', '3'], 1000)).toBeUndefined();
    expect(outputsInOrder('number-1', ['0', '3'], 1000)).toBeUndefined();
    expect(outputsInOrder('number', ['3', '03'], 1000)).toBeUndefined();
    expect(outputsInOrder('number', ['a1', 'b2'], 1000)).toBeUndefined();
  });
});

describe('other orders', () => {
  it('are those of text, of letters, and the reverse of two', () => {
    expect(sequence('text', ['dog', 'cat', 'Emu'])).toEqual(['Emu', 'cat', 'dog']);
    expect(sequence('letters', ['Emu', 'cat', 'dog'])).toEqual(['cat', 'dog', 'Emu']);
    expect(otherOrders(['Emu', 'cat', 'dog'], 3).map(({ order }) => order)).toEqual(['letters']);
    expect(otherOrders(['dog', 'cat'], 2)).toEqual([{ order: 'text', outputs: [1, 0] }]);
    expect(otherOrders(['cat', 'dog'], 2)).toEqual([{ order: 'reverse', outputs: [1, 0] }]);
    expect(outputsInOrder('reverse', ['a', 'b', 'c'], 3)).toBeUndefined();
  });

  it("is that of the challenge's numbers", () => {
    // Its first three are the kit fox, the English setter and the Siberian husky, its last the dumbbell.
    const of = (id: number) =>
      IMAGENET_CLASSES[
        outputsInOrder('ilsvrc', folders(range(1000, 1)), 1000)![folders(range(1000, 1)).indexOf(String(id))]
      ];
    expect([1, 2, 3, 1000].map(of)).toEqual(['n02119789', 'n02100735', 'n02110185', 'n03255030']);
    expect([...ILSVRC_IDS].sort((a, b) => a - b)).toEqual(range(1000, 1));
    expect(outputsInOrder('ilsvrc', ['7', '1'], 1000)).toEqual([
      ILSVRC_IDS.indexOf(7),
      ILSVRC_IDS.indexOf(1),
    ]);
    expect(outputsInOrder('ilsvrc', ['0', '1'], 1000)).toBeUndefined();
  });
});

describe('findClassOutputs', () => {
  const find = (classes: string[], count: number, more: object = {}) =>
    findClassOutputs({ classes, count, names: undefined, file: 'm.onnx', ...more });

  it('obeys --class-order, and says what does not fit', () => {
    expect(find(['1', '10', '2'], 3, { order: 'number' })).toEqual({
      outputs: [[0], [2], [1]],
      from: 'class order',
      order: 'number',
      why: "the outputs in the order of the numbers in the classes' names (2 before 10), as --class-order number has it",
    });
    expect(() => find(['a', 'b', 'c'], 3, { order: 'reverse' })).toThrow(
      /^--class-order reverse: .* found 3 outputs of m\.onnx and 3 classes/,
    );
    expect(() => find(['a', 'b'], 3)).toThrow(
      /if the first output is a background class, put a line "-" first/,
    );
  });

  it('knows WordNet ids with a name behind, and in capitals', () => {
    const classes = ['N01440764', 'n02085620-Chihuahua', 'n15075141 toilet tissue'];
    expect(find(classes, 1000).outputs).toEqual([[0], [IMAGENET_CLASSES.indexOf('n02085620')], [999]]);
    expect(find(classes, 1001).outputs[0]).toEqual([1]);
    expect(() => find(['n01440764', 'n01440764-again'], 1000)).toThrow(/does not name their classes/);
  });

  it('takes placeholders in a card of our own for no names', () => {
    const card = { names: [['0'], ['1'], ['2']], complete: true, from: 'card', source: "the model's card" };
    expect(find(['cat', 'dog', 'emu'], 3, { names: card })).toMatchObject({ from: 'data order' });
  });

  it('says which line is one too many', () => {
    const names = {
      names: [['background'], ['cat'], ['dog']],
      complete: true,
      from: 'file',
      source: 'l.txt',
    };
    expect(() => find(['cat', 'dog'], 2, { names })).toThrow(
      /found 3; if "background" is a title, or a background class that/,
    );
  });
});
