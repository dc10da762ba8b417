import { describe, expect, it } from 'vitest';
import { findClassOutputs, knownClasses } from '../../../../src/evaluate/model/labels/class-outputs.ts';
import { IMAGENET_CLASSES } from '../../../../src/evaluate/model/labels/imagenet-classes.ts';
import type { OutputNames } from '../../../../src/evaluate/model/labels/output-names.ts';

const called = (names: (string | string[])[], more: Partial<OutputNames> = {}): OutputNames => ({
  names: names.map((name) => (typeof name === 'string' ? [name] : name)),
  complete: true,
  from: 'file',
  source: 'labels.txt',
  ...more,
});
const find = (classes: string[], names: OutputNames | undefined, count = names?.names.length ?? 0) =>
  findClassOutputs({ classes, count, names, file: 'm.onnx' });

describe('findClassOutputs', () => {
  it('finds outputs by name, in any order, among others', () => {
    const { outputs, from, why } = find(['cat', 'dog'], called(['emu', 'dog', 'cat']));
    expect(outputs).toEqual([[2], [1]]);
    expect([from, why]).toEqual(['file', 'labels.txt']);
  });

  it('gives a class all outputs of its name', () => {
    expect(find(['cat', 'dog'], called(['cat', 'dog', 'cat'])).outputs).toEqual([[0, 2], [1]]);
  });

  it('reads like names, the exact ones first, and says how many', () => {
    const names = called([
      'Golden_Retriever',
      ['n01440764 tench, Tinca tinca', 'n01440764'],
      'jack-o’-lantern',
    ]);
    const { outputs, why } = find(['golden retriever', 'n01440764', 'jack o lantern'], names);
    expect(outputs).toEqual([[0], [1], [2]]);
    expect(why).toBe('labels.txt (2 by a like name: case and punctuation aside)');
    expect(find(['Cat', 'dog'], called(['cat', 'Cat', 'dog'])).outputs).toEqual([[1], [2]]);
    expect(find(['Tinca tinca', 'dog'], called(['tench, Tinca tinca', 'dog'])).outputs).toEqual([[0], [1]]);
  });

  it('names what is missing, what is double and how many match', () => {
    expect(() => find(['cat', 'dog', 'emu'], called(['cat', 'dog', 'dog']))).toThrow(
      "--labels labels.txt: expected an output for each of the data's 3 classes, found none for 1 (emu); 2 match. " +
        'The outputs are called cat, dog, dog, 1 of them more than once (dog): name it as the data does, ' +
        'or leave it out of the data (--classes-file)',
    );
    const metadata = called(['Katze', 'Hund'], { from: 'metadata', source: '"names" in the metadata' });
    expect(() => find(['cat', 'dog'], metadata)).toThrow(
      /^m.onnx \("names" in the metadata\): .* found none for 2 \(cat, dog\); 0 match.* pass --labels FILE, which names them/,
    );
  });

  it('wants one class for an output', () => {
    expect(() => find(['cat', 'CAT'], called(['Cat', 'dog']))).toThrow(
      /one class of the data for output 0, found "cat" and "CAT"/,
    );
  });

  it('wants a name for every output of a list, and none beyond', () => {
    expect(() => find(['cat', 'dog'], called(['cat', 'dog']), 3)).toThrow(
      /a name for each of the 3 outputs of m.onnx, found 2; if the first output is a background class, put a line "-"/,
    );
    expect(() => find(['cat', 'dog'], called(['cat', 'dog', 'emu']), 2)).toThrow(/2 outputs .* found 3/);
    const some = called(['cat', 'dog'], { complete: false });
    expect(find(['cat', 'dog'], some, 5).outputs).toEqual([[0], [1]]);
    expect(() => find(['cat', 'dog'], some, 1)).toThrow(/each of the 1 output of m.onnx, found 2/);
    const metadata = called(['cat', 'dog'], { from: 'metadata', source: '"names"' });
    expect(() => find(['cat', 'dog'], metadata, 7)).toThrow(
      /m.onnx: has 7 outputs, but 2 names in "names"; check --output/,
    );
  });

  it("assumes ImageNet's order for WordNet ids, after a background where there is one more", () => {
    const classes = ['n01443537', 'n15075141'];
    expect(find(classes, undefined, 1000)).toMatchObject({ outputs: [[1], [999]], from: 'imagenet order' });
    const { outputs, why } = find(classes, undefined, 1001);
    expect(outputs).toEqual([[2], [1000]]);
    expect(why).toBe(
      "assumed: ImageNet's WordNet ids in alphabetical order, after a background, as TensorFlow-Slim has them",
    );
    expect(() => find(['n01443537', 'n99999999'], undefined, 1000)).toThrow(
      /has 1,000 outputs and does not name/,
    );
    // Names of another kind that came along do not stand in the way; names that were given do.
    const english = IMAGENET_CLASSES.map((_, at) => `thing ${at}`);
    const along = called(english, { from: 'config', source: 'config.json' });
    expect(find(classes, along)).toMatchObject({ outputs: [[1], [999]], from: 'imagenet order' });
    expect(find(classes, along).why).toMatch(/thing 0, .* of config.json are no names of the data's$/);
    expect(() => find(classes, called(english))).toThrow(/found none for 2/);
  });

  it("assumes the data's order where the numbers agree and there are no names, or only numbers", () => {
    const expected = {
      outputs: [[0], [1]],
      from: 'data order',
      why: "assumed: the order of the data's classes",
    };
    expect(find(['cat', 'dog'], undefined, 2)).toEqual(expected);
    const placeholders = called(['LABEL_0', 'LABEL_1'], { from: 'config', source: 'config.json' });
    expect(find(['cat', 'dog'], placeholders)).toEqual(expected);
    // Numbers that are the data's names are names.
    expect(find(['1', '10', '2'], called(['1', '2', '10'], { from: 'metadata' })).outputs).toEqual([
      [0],
      [2],
      [1],
    ]);
    expect(() => find(['cat', 'dog'], undefined, 3)).toThrow(
      /has 3 outputs and does not name .* pass --labels FILE/,
    );
    expect(() => find(['cat', 'dog', 'emu'], undefined, 2)).toThrow(/tells 2 classes apart, the data has 3/);
  });
});

describe('knownClasses', () => {
  it('are those of a model that knows some of the data alone', () => {
    const data = ['cat', 'dog', 'emu'];
    expect(knownClasses(data, called(['emu', 'cat']))).toEqual(['cat', 'emu']);
    expect(knownClasses(data, called(['emu', 'fox']))).toBeUndefined();
    expect(knownClasses(data, called(['emu', 'cat', 'dog']))).toBeUndefined();
    expect(knownClasses(data, called(['emu', 'cat'], { complete: false }))).toBeUndefined();
    expect(knownClasses(data, undefined)).toBeUndefined();
  });
});

describe('IMAGENET_CLASSES', () => {
  it('are 1,000 different WordNet ids in alphabetical order', () => {
    expect(new Set(IMAGENET_CLASSES).size).toBe(1000);
    expect(IMAGENET_CLASSES.every((id) => /^n\d{8}$/.test(id))).toBe(true);
    expect([...IMAGENET_CLASSES].sort()).toEqual([...IMAGENET_CLASSES]);
    // Known places: tench, tabby, jeep, toilet tissue.
    expect([0, 281, 609, 999].map((at) => IMAGENET_CLASSES[at])).toEqual([
      'n01440764',
      'n02123045',
      'n03594945',
      'n15075141',
    ]);
  });
});
