import { describe, expect, it } from 'vitest';
import { commandParts, exact, shellWord, trainCommand } from '../../src/run/command.ts';
import type { RunConfig } from '../../src/run/config.ts';
import { tinyConfig } from '../train/tiny-learner.ts';

it('numbers can be read back to the last bit', () => {
  const values = [0.2, 0.1 + 0.2, 1e-5, 3.3e-4, 0.001, 1e30, 0];
  const texts = ['0.2', '0.30000000000000004', '1e-5', '3.3e-4', '0.001', '1e+30', '0'];
  expect(values.map(exact)).toEqual(texts);
  expect(values.map((value) => Number(exact(value)))).toEqual(values);
});

it('a shell takes a command line word for word', () => {
  expect(shellWord('runs/a-b_c.onnx')).toBe('runs/a-b_c.onnx');
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(commandParts(['pushpull x', ['--data', 'my data'], ['--limit', null], ['--seed', 0]])).toEqual([
    'pushpull x',
    "--data 'my data'",
    '--seed 0',
  ]);
});

describe('the command of a run', () => {
  const config = tinyConfig();

  it('says all that the result depends on', () => {
    expect(trainCommand({ ...config, preset: 'cifar10' }, 'runs/x').join(' ')).toBe(
      'pushpull train --data tiny --model resnet18 --width 8 --stem conv --preset cifar10 --epochs 2 --batch 16 ' +
        '--max-lr 0.2 --weight-decay 0 --seed 1 --out runs/x',
    );
  });

  it('leaves nothing out that differs from the preset', () => {
    const special: RunConfig = {
      ...config,
      preset: 'cifar10',
      model: {
        ...config.model,
        form: 'imagenet',
        stem: { kind: 'pushpull', avg: 5, alpha: 'trainable' },
        antialias: 'blurconv2',
      },
      data: {
        ...config.data,
        selection: { kind: 'draw', count: 3, seed: 7 },
        validation: 0.1,
        fraction: 0.2,
        limit: 500,
      },
      recipe: { ...config.recipe, momentum: 0.9, weightDecay: 1e-5 },
      trainingImages: { ...config.trainingImages, augment: 'augmix' },
      device: 'webgpu',
    };
    expect(trainCommand(special, 'x').join(' ')).toBe(
      'pushpull train --data tiny --model resnet18 --form imagenet --width 8 --stem pushpull --avg 5 --alpha trainable ' +
        '--antialias blurconv2 --preset cifar10 --epochs 2 --batch 16 --max-lr 0.2 --momentum 0.9 --weight-decay 1e-5 ' +
        '--augment augmix --classes 3:7 --validation 0.1 --fraction 0.2 --limit 500 --seed 1 --device webgpu --out x',
    );
  });

  it('names the engine, unless it is ONNX Runtime', () => {
    const torch: RunConfig = {
      ...config,
      engine: 'torch',
      device: 'cuda',
      precision: 'bfloat16',
      tf32: true,
    };
    expect(trainCommand(torch, 'x').join(' ')).toContain(
      ' --seed 1 --engine torch --device cuda --precision bfloat16 --tf32 --out x',
    );
    const usual: RunConfig = { ...config, engine: 'onnxruntime', precision: 'float32', tf32: false };
    expect(trainCommand(usual, 'x')).toEqual(trainCommand(config, 'x'));
  });

  it('limits each split by itself', () => {
    const limited = (limit: RunConfig['data']['limit']) =>
      trainCommand({ ...config, data: { ...config.data, limit } }, 'x').find((part) =>
        part.startsWith('--limit'),
      );
    expect(limited({ train: 5000, test: 1000 })).toBe('--limit train=5000,test=1000');
    expect(limited({ test: 10 })).toBe('--limit test=10');
    expect(limited(null)).toBeUndefined();
  });

  it('names the weights that it started from', () => {
    const initial = { file: '/w.pth', sha256: 'f0', notes: [], newClassifier: true, reestimateBatches: 50 };
    const model = { ...config.model, batchNorm: { eps: 1e-5, momentum: 0.1 } };
    expect(trainCommand({ ...config, model, initial }, 'x').join(' ')).toContain(
      ' --stem conv --bn-eps 1e-5 --bn-momentum 0.1 --weights /w.pth --new-classifier --reestimate-bn 50 --preset ',
    );
  });
});
