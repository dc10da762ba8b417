import { describe, expect, it } from 'vitest';
import { declaredNames } from '../../../../src/evaluate/model/labels/metadata.ts';
import { decodeModel } from '../../../../src/onnx/model.ts';
import { tinyModel } from '../../tiny-model.ts';

const declared = async (metadata: Record<string, string>) =>
  await declaredNames('/nowhere/m.onnx', decodeModel(tinyModel({ metadata }), 'm.onnx'), undefined);

describe('declaredNames', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      "Python's text of a dictionary, as Ultralytics writes it",
      { names: `{0: 'tench', 1: "jack-o'-lantern", 2: 'a "b" \\'c\\' 3: d'}` },
      ['tench', "jack-o'-lantern", `a "b" 'c' 3: d`],
    ],
    ["Python's text of a list or a tuple", { class_names: "('cat', 'dog')" }, ['cat', 'dog']],
    ['JSON, with escapes', { id2label: '{"0": "caf\\u00e9", "1": "\\"dog\\""}' }, ['café', '"dog"']],
    ['names with commas between them', { labels: 'cat,dog, emu' }, ['cat', 'dog', 'emu']],
    ['names in lines', { classes: 'cat, domestic\ndog' }, ['cat, domestic', 'dog']],
  ])('reads %s', async (_, metadata, expected) => {
    const names = await declared(metadata);
    expect(names!.names.map(([name]) => name)).toEqual(expected);
    expect(names).toMatchObject({
      from: 'metadata',
      source: `"${Object.keys(metadata)[0]}" in the model's metadata`,
    });
  });

  it('passes over what names nothing', async () => {
    expect(await declared({ names: '{0: broken', classes: '1000', author: 'cat,dog' })).toBeUndefined();
  });
});
