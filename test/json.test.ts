import { expect, it } from 'vitest';
import { z } from 'zod';
import { UserError } from '../src/errors.ts';
import { parseLabels } from '../src/evaluate/model/labels/output-names.ts';
import { parseJson } from '../src/json.ts';
import { parseModelCard } from '../src/models/card.ts';
import { decodeSafetensors } from '../src/tensor-files/safetensors.ts';
import { parseStored } from '../src/train/search/settings.ts';

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

it('reads what nests as people nest, however long it is', () => {
  expect(parseJson(lists(100))).toEqual(JSON.parse(lists(100)));
  const long = JSON.stringify(Array.from({ length: 10_000 }, (_, i) => [i, { i }]));
  expect(parseJson(long)).toEqual(JSON.parse(long));
});

it.each([lists(10_000), objects(10_000), `{"schema":${lists(10_000)}}`])(
  'refuses what nests 10,000 deep',
  (text) => {
    expect(() => parseJson(text)).toThrow(/more than 500 levels deep/);
    expect(() => parseLabels(text, 'labels.json')).toThrow(UserError);
    expect(() => parseModelCard(text, 'model.onnx')).toThrow(UserError);
    expect(() => parseStored(text, 'search.json', z.unknown(), 'x')).toThrow(UserError);
    const header = new TextEncoder().encode(text.padEnd(8 * Math.ceil(text.length / 8)));
    const file = new Uint8Array(8 + header.length);
    new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
    file.set(header, 8);
    expect(() => decodeSafetensors(file, 'weights.safetensors')).toThrow(UserError);
  },
);
