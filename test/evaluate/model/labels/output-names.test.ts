import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLabels, readLabelFile } from '../../../../src/evaluate/model/labels/output-names.ts';

const names = (text: string) => parseLabels(text, 'labels').names;

describe('parseLabels', () => {
  it.each<[string, string, string[][]]>([
    ['a name a line', 'cat\n\n# a comment\ndog\r\n', [['cat'], ['dog']]],
    ['an output of no class', 'cat\n-\ndog', [['cat'], ['-'], ['dog']]],
    [
      'lines of synset_words.txt',
      'n01440764 tench, Tinca tinca\nn01443537 goldfish',
      [
        ['n01440764 tench, Tinca tinca', 'n01440764'],
        ['n01443537 goldfish', 'n01443537'],
      ],
    ],
    ['index and name', '1 dog\n0: cat', [['cat'], ['dog']]],
    ['names that begin with a number in some lines only', '8 ball\ncue', [['8 ball'], ['cue']]],
    ['names that are numbers', '0\n1', [['0'], ['1']]],
    ['a JSON list', '["cat", null, ["n01440764", "tench"]]', [['cat'], [], ['n01440764', 'tench']]],
    ['index to name', '{"2": "dog", "0": "cat"}', [['cat'], [], ['dog']]],
    [
      "Keras' index to id and name",
      '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}',
      [
        ['n01440764', 'tench'],
        ['n01443537', 'goldfish'],
      ],
    ],
    ["torchvision's class_to_idx", '{"dog": 1, "cat": 0}', [['cat'], ['dog']]],
    [
      'a configuration of HuggingFace',
      '{"model_type": "vit", "id2label": {"0": "cat", "1": "dog"}}',
      [['cat'], ['dog']],
    ],
    ['a byte order mark', '\uFEFF["cat", "dog"]', [['cat'], ['dog']]],
  ])('%s', (_, text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  it('knows whether there is a name for every output', () => {
    expect(parseLabels('cat\ndog', 'labels').complete).toBe(true);
    expect(parseLabels('{"0": "cat"}', 'labels').complete).toBe(false);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', ' \n', /labels: expected names of classes, found an empty file/],
    ['comments alone', '# cat', /found none/],
    ['broken JSON', '["cat",', /labels: expected JSON, found a mistake in it/],
    ['an object of other things', '{"cat": "dog"}', /expected a list of names .* found \{"cat":"dog"\}/],
    ['a number', '[[]]', /expected a name, several or null as entry 0, found \[\]/],
    ['two names for an output', '{"cat": 0, "dog": 0}', /found two for output 0: cat, dog/],
    ['two lines for an output', '0 cat\n0 dog', /found two for output 0: cat, dog/],
  ])('refuses %s', (_, text, message) => {
    expect(() => names(text)).toThrow(message);
  });
});

describe('readLabelFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pushpull-labels-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('says where the names are from', async () => {
    const file = path.join(folder, 'labels.txt');
    await writeFile(file, 'cat\ndog\n');
    expect(await readLabelFile(file)).toEqual({
      names: [['cat'], ['dog']],
      complete: true,
      from: 'file',
      source: file,
    });
    await expect(readLabelFile(path.join(folder, 'none'))).rejects.toThrow(/--labels .*none: .*no such file/);
  });
});
