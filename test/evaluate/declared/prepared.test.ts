import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packedImage, readPack } from '../../pack.ts';
import { prepared, resolvedBy } from './prepare.ts';

interface Case {
  readonly name: string;
  readonly picture: string;
  readonly step: number;
  readonly model_type: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly shape: readonly [number, number, number];
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/evaluate/prepared/', import.meta.url));
const cases = (name: string) => JSON.parse(readFileSync(`${FIXTURES}${name}.json`, 'utf8')) as Case[];

/** Where nothing is resized or cropped a model of any size cannot know its own. */
const needsSize = (config: Case['config']) => config.do_resize === false && config.crop_size === undefined;

// Made by make_processors.py with transformers, by make_timm.py with timm.
describe.each(['processors', 'timm'])('%s', (from) => {
  const pack = readPack(`evaluate/prepared/${from}.pack.gz`);

  it.each(cases(from))('prepares images as the library: $name', async (each) => {
    const { name, picture, step, config, shape, model_type } = each;
    const files =
      from === 'timm'
        ? { 'config.json': config }
        : { 'preprocessor_config.json': config, ...(model_type && { 'config.json': { model_type } }) };
    const own = packedImage(pack, `picture ${picture}`);
    const [, height, width] = shape;
    const preprocessing = await resolvedBy(files, needsSize(config) ? { inputSize: own } : {});
    expect([preprocessing.height, preprocessing.width]).toEqual([height, width]);
    const found = await prepared(own, preprocessing);
    const wanted = pack.get(name)!.data as Float32Array;
    const kept = found.filter(
      (_, at) => (at % width) % step === 0 && (Math.floor(at / width) % height) % step === 0,
    );
    expect(kept.length).toBe(wanted.length);
    const largest = kept.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at])), 0);
    // The levels are the same; the last bits of float32 are not.
    expect(largest).toBeLessThan(2e-6 * wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1));
  });
});
