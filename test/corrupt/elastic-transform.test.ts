import { describe, expect, it } from 'vitest';
import { elasticTransform, stretch } from '../../src/corrupt/digital/elastic-transform.ts';
import { PARAMETERS, type ParameterSet } from '../../src/corrupt/index.ts';
import { compareBytes, packedImage, readPack } from '../pack.ts';
import { contextFor } from './context.ts';

// Made by test/fixtures/corrupt/make_digital.py with OpenCV 4.10, SciPy and scikit-image.
const pack = readPack('corrupt/elastic.pack.gz');

describe('elastic_transform', () => {
  const cases = [...pack.keys()].filter((name) => /^(cifar|imagenet)/.test(name));
  it.each(cases)('equals the original, given its random fields: %s', (name) => {
    const [set, photo, severity] = name.split(' ');
    const image = packedImage(pack, `photo ${photo}`);
    const { displacement, sigma, jitter, unit } =
      PARAMETERS[set as ParameterSet].elastic_transform[Number(severity) - 1];
    const fields = pack.get(`fields ${set} ${photo}`)!.data as Float32Array;
    const size = image.width * image.height;
    const result = stretch(
      image,
      { displacement: displacement * unit, sigma: sigma * unit, jitter: jitter * unit },
      {
        corners: pack.get(`shift ${set} ${photo}`)!.data as Float32Array,
        dx: fields.slice(0, size),
        dy: fields.slice(size),
      },
    );
    const { largest, within } = compareBytes(result.data, pack.get(name)!.data, 0);
    expect(largest).toBeLessThanOrEqual(1);
    expect(within).toBeGreaterThanOrEqual(0.995);
  });

  it('reckons with 244 pixels or, with the quirk off, with 224', () => {
    const image = packedImage(pack, 'photo square');
    const run = (elastic244: boolean) =>
      elasticTransform(image, contextFor('elastic_transform', 'imagenet', 5, { quirks: { elastic244 } }));
    expect(run(true).data).toEqual(run(true).data);
    expect(run(true).data).not.toEqual(run(false).data);
    const cifar = (elastic244: boolean) =>
      elasticTransform(image, contextFor('elastic_transform', 'cifar', 5, { quirks: { elastic244 } }));
    expect(cifar(true).data).toEqual(cifar(false).data);
  });
});
