import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import type { Result } from '../../src/evaluate/result/schema.ts';
import { compare } from '../../src/report/comparison.ts';
import { headline } from '../../src/report/content/headline.ts';
import { provenance } from '../../src/report/content/provenance.ts';
import { metricRows } from '../../src/report/content/results-table.ts';
import { syntheticAvg3, syntheticResult } from './synthetic.ts';

const factors = (value: number) =>
  Object.fromEntries(Object.keys(syntheticResult().errors).map((name) => [name, value]));

describe('compare', () => {
  it('takes the result whose variant is baseline, wherever it stands', () => {
    const [baseline, pushpull] = [syntheticResult(), syntheticAvg3()];
    const { models, best } = compare([pushpull, baseline]);
    expect(models.map(({ result }) => result)).toEqual([baseline, pushpull]);
    expect(models.map(({ isBaseline }) => isBaseline)).toEqual([true, false]);
    expect(best?.result).toBe(pushpull);
  });

  it('takes the one that is named, and counts everything against it', () => {
    const [plain, pushpull] = [syntheticResult(), syntheticAvg3()];
    const { models } = compare([plain, pushpull], { baseline: pushpull });
    expect(models[0]!.result).toBe(pushpull);
    const forward = compare([plain, pushpull]).models[1]!.metrics['mce.baseline']!;
    const backward = models[1]!.metrics['mce.baseline']!;
    expect(forward).toBeLessThan(1);
    expect(backward).toBeGreaterThan(1);
  });

  it('ignores what a result says about another baseline', () => {
    const pushpull = syntheticAvg3();
    pushpull.metrics['mce.baseline'] = 0.5;
    const { models } = compare([pushpull]);
    expect(models[0]!.metrics['mce.baseline']).toBeUndefined();
  });

  it('falls back on the baseline that is stored inside the result', () => {
    const plain = syntheticResult();
    const pushpull: Result = {
      ...syntheticAvg3(),
      baseline: {
        file: 'plain.json',
        model: plain.model,
        clean: plain.clean,
        errors: plain.errors,
        ce: plain.ce,
      },
    };
    const { models, baseline } = compare([pushpull]);
    expect(models.map(({ label }) => label)).toEqual(['baseline', 'push-pull avg3']);
    expect(baseline!.metrics['mce.absolute']).toBeCloseTo(plain.metrics['mce.absolute']!, 12);
    expect(baseline!.result.images).toEqual({});
  });

  it('asks which baseline is meant when there are two', () => {
    const other = syntheticResult({ file: 'runs/other' });
    expect(() => compare([syntheticResult(), other])).toThrow(
      /found 2 \(runs\/baseline, runs\/other\).*--baseline/,
    );
  });

  it('refuses results on other images and says what differs', () => {
    const other = syntheticAvg3();
    const cases: [Partial<Result['data']>, RegExp][] = [
      [{ images: 500 }, /images 500 instead of 1000/],
      [{ seed: 7 }, /seed 7 instead of 0/],
      [{ corruptionSet: 'imagenet' }, /corruption set imagenet instead of cifar/],
      [{ fingerprint: '0'.repeat(64) }, /other images or labels/],
    ];
    for (const [change, message] of cases) {
      const results = [syntheticResult(), { ...other, data: { ...other.data, ...change } }];
      expect(() => compare(results)).toThrow(message);
      expect(() => compare(results)).toThrow(UserError);
    }
  });

  it('tells apart models of one name by their files', () => {
    const again = { ...syntheticAvg3(), model: { ...syntheticAvg3().model, file: 'runs/again' } };
    const { models } = compare([syntheticResult(), syntheticAvg3(), again]);
    expect(models.map(({ label }) => label)).toEqual([
      'baseline',
      'push-pull avg3 (runs/pushpull-avg3)',
      'push-pull avg3 (runs/again)',
    ]);
    expect(new Set(models.map(({ color }) => color)).size).toBe(3);
  });

  it('needs a result', () => {
    expect(() => compare([])).toThrow(UserError);
  });
});

describe('headline', () => {
  const of = (result: Result, images: number): Result => ({
    ...result,
    images: Object.fromEntries(Object.keys(result.images).map((name) => [name, Array(5).fill(images)])),
  });
  /** Of so many images that none of the differences is in doubt. */
  const sentence = (...results: Result[]) =>
    headline(compare(results.map((result) => of(result, 10_000_000)))).sentence;
  const variant = (options: { clean: number; factor: number; variant?: string; hash?: string }) =>
    syntheticResult({
      variant: options.variant ?? 'push-pull avg3',
      clean: options.clean,
      factor: factors(options.factor),
      file: `runs/${options.hash ?? 'b'}`,
      hash: options.hash ?? 'b',
    });

  it('says what was gained and what it cost', () => {
    expect(sentence(syntheticResult(), variant({ clean: 0.071, factor: 0.9 }))).toBe(
      'Push-pull avg3 cuts the mean error on corrupted images (absolute mCE) from 27.0% to 24.3% (mrCE .900), ' +
        'but its error on clean images rises from 6.9% to 7.1%.',
    );
  });

  it('says so when both errors fall', () => {
    expect(sentence(syntheticResult(), variant({ clean: 0.06, factor: 0.9 }))).toMatch(
      /, and its error on clean images falls from 6\.9% to 6\.0%\.$/,
    );
  });

  it('says just as plainly when it is worse', () => {
    const result = headline(
      compare([syntheticResult(), variant({ clean: 0.069, factor: 1.1 })].map((one) => of(one, 10_000_000))),
    );
    expect(result.sentence).toBe(
      'Push-pull avg3 does not help here: the mean error on corrupted images (absolute mCE) rises from 27.0% to 29.7% ' +
        '(mrCE 1.100), and its error on clean images stays at 6.9%.',
    );
    expect(result.verdict).toBe('worse');
    expect(result.details[0]).toBe(
      'Push-pull avg3 is better than the baseline on 0 of 15 corruptions and worse on 15.',
    );
  });

  it('doubts a difference that chance makes with so few images', () => {
    const doubt =
      /; with 1,000 images a cell chance alone may make that difference on corrupted images, and the answers that could tell are not there\.$/;
    const few = (factor: number) =>
      headline(compare([syntheticResult(), variant({ clean: 0.07, factor })])).sentence;
    // Two standard errors of the difference of two means of 1,000 images are 3.9 points at an error of 27 %.
    expect(few(0.9)).toMatch(doubt);
    expect(few(1.1)).toMatch(doubt);
    expect(few(0.8)).not.toMatch(/chance/);
    expect(few(1.2)).not.toMatch(/chance/);
  });

  it('sees no difference where none is printed', () => {
    expect(sentence(syntheticResult(), variant({ clean: 0.0693, factor: 1.0001 }))).toBe(
      'Push-pull avg3 makes no difference on corrupted images: the mean error (absolute mCE) stays at 27.0% (mrCE 1.000), ' +
        'and its error on clean images stays at 6.9%.',
    );
  });

  it('picks the best of several, and admits it when even that one is worse', () => {
    const [a, b] = [
      variant({ clean: 0.07, factor: 0.95 }),
      variant({ clean: 0.07, factor: 0.9, variant: 'push-pull avg5', hash: 'c' }),
    ];
    expect(sentence(syntheticResult(), a, b)).toMatch(/^Of 2 models push-pull avg5 does best: it cuts/);
    const [c, d] = [
      variant({ clean: 0.07, factor: 1.2 }),
      variant({ clean: 0.07, factor: 1.1, variant: 'push-pull avg5', hash: 'c' }),
    ];
    expect(sentence(syntheticResult(), c, d)).toMatch(
      /^None of the 2 models helps here: with push-pull avg5, the best of them, the mean error .* rises from 27\.0% to 29\.7%/,
    );
  });

  it('compares nothing without a baseline', () => {
    const { sentence: text, verdict, details } = headline(compare([syntheticAvg3()]));
    expect(text).toBe(
      'Push-pull avg3 gets 7.1% of clean images wrong and 25.7% of corrupted ones (absolute mCE).',
    );
    expect(verdict).toBe('none');
    expect(details[0]).toContain('--baseline');
  });

  it('names where it helps and hurts most', () => {
    expect(headline(compare([syntheticResult(), syntheticAvg3()])).details).toEqual([
      'Push-pull avg3 is better than the baseline on 9 of 15 corruptions and worse on 4.',
      'It gains most on impulse noise (−5.4 points), Gaussian noise (−5.2 points) and shot noise (−4.1 points).',
      'It loses most on contrast (+0.5 points), zoom blur (+0.5 points) and fog (+0.4 points).',
    ]);
  });
});

describe('metricRows', () => {
  it('lists every metric under its stored name, with a dash where a model has none', () => {
    const rows = metricRows(compare([syntheticResult(), syntheticAvg3()]));
    expect(rows.map(({ name }) => name)).toEqual([
      'error.clean',
      'mce.absolute',
      'mce.baseline',
      'gain.error.clean',
      'gain.mce.absolute',
      'rnet.beta1',
      'rnet.auto',
      'frequency.low',
      'frequency.mid',
      'frequency.high',
    ]);
    const values = new Map(rows.map((row) => [row.name, row.values]));
    expect(values.get('mce.baseline')![0]).toBe('—');
    // (.069 - .071) / .069
    expect(values.get('gain.error.clean')).toEqual(['—', '−.0290']);
    // Of the factors .97 1.03 1.01 1.02: mean 1.0075, deviation .0228.
    expect(values.get('frequency.low')![1]).toBe('1.007 ± .023');
  });
});

describe('provenance', () => {
  it('claims no number of images that is not stored', () => {
    const plain = syntheticResult();
    const stored: Result = {
      ...syntheticAvg3(),
      baseline: {
        file: 'plain.json',
        model: plain.model,
        clean: plain.clean,
        errors: plain.errors,
        ce: plain.ce,
      },
    };
    const [first, second] = provenance(compare([stored])).models;
    const cell = (facts: readonly { name: string; value: string }[]) =>
      facts.find(({ name }) => name.includes('corrupted cell'))!.value;
    expect(cell(first!.facts)).toBe('not stored with this result; 75 of 75 cells measured');
    expect(cell(second!.facts)).toBe('1,000; 75 of 75 cells measured');
  });

  it('quotes shell words that need it', () => {
    const plain = syntheticResult({ file: "my runs/o'hare.onnx" });
    expect(provenance(compare([plain])).commands).toEqual([
      "pushpull evaluate 'my runs/o'\\''hare.onnx' --data data/cifar10 --limit 1000 --seed 0 --set cifar",
    ]);
  });

  it('says of a model from elsewhere how it was read, and what to pass to read it so again', () => {
    const plain = syntheticResult({ file: 'm.onnx' });
    const foreign: Result = {
      ...plain,
      model: {
        ...plain.model,
        reading: {
          input: { name: 'data', dtype: 'float16', shape: ['N', 3, 'H', 'W'], batch: null, channels: 'bgr' },
          output: { name: 'prob', dtype: 'float16', count: 1001 },
          scores: { kind: 'probabilities', why: 'the graph ends with Softmax' },
          classes: {
            ...{ from: 'file', why: 'my names.txt', file: 'my names.txt' },
            ...{ unused: 989, shared: 2, mapping: 'a' },
          },
        },
      },
      data: {
        ...plain.data,
        preprocessing: {
          ...{ width: 32, height: 32, layout: 'NCHW', dtype: 'float32', channels: 'bgr', resize: 40 },
          ...{ mean: [0.5, 0.25, 0.125], std: [1, 2, 4] },
        },
      },
    };
    const { models, commands } = provenance(compare([foreign]));
    const facts = new Map(models[0]!.facts.map(({ name, value }) => [name, value]));
    expect(facts.get('Outputs')).toBe(
      'prob, 1,001 probabilities (the graph ends with Softmax); the answer is taken among 12 of them',
    );
    expect(facts.get('Classes of the outputs')).toBe(
      'my names.txt; 2 of them stand for several outputs, whose probabilities are added',
    );
    expect(facts.get('Input')).toMatch(/mean 0.5, 0.25, 0.125, std 1, 2, 4, blue first$/);
    expect(commands).toEqual([
      'pushpull evaluate m.onnx --data data/cifar10 --limit 1000 --seed 0 --set cifar --input-size 32 --resize 40 ' +
        "--mean 0.125,0.25,0.5 --std 4,2,1 --layout NCHW --channels bgr --output prob --labels 'my names.txt'",
    ]);
  });

  it('tells what computed each result, and warns of different precisions', () => {
    const plain = syntheticResult({ file: 'plain' });
    const other = syntheticAvg3();
    const torch = { engine: 'torch', torch: '2.15.0', device: 'cuda', precision: 'bfloat16' } as const;
    const half: Result = { ...other, environment: { ...other.environment, ...torch } };
    const { models, commands, cautions } = provenance(compare([plain, half]));
    const facts = (at: number) => new Map(models[at]!.facts.map(({ name, value }) => [name, value]));
    expect(facts(0).get('Measured')).toContain(' on cpu (Example CPU');
    expect(facts(0).get('Versions')).toBe('pushpull 0.1.0, Node 20.20.2, ONNX Runtime 1.30.0');
    expect(facts(1).get('Measured')).toContain(' by torch on cuda, bfloat16 (Example CPU');
    expect(facts(1).get('Versions')).toBe('pushpull 0.1.0, Node 20.20.2, PyTorch 2.15.0');
    expect(commands[1]).toMatch(/ --set cifar --engine torch --device cuda --precision bfloat16$/);
    expect(cautions.at(-1)).toMatch(/^Measured in different precisions: .* in float32, .* in bfloat16\.$/);
    expect(provenance(compare([plain, other])).cautions.join()).not.toContain('precision');
  });

  it('prefers the commands that were really given', () => {
    expect(provenance(compare([syntheticResult()]), ['pushpull demo']).commands).toEqual(['pushpull demo']);
  });
});
