/** Whole commands on the libtorch of an installed PyTorch. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measuredCells, readPredictions } from '../../src/evaluate/result/predictions.ts';
import { readResult } from '../../src/evaluate/result/result.ts';
import { readModelCard } from '../../src/models/card.ts';
import { WEIGHTS } from '../../src/run/checkpoint.ts';
import { openRun, runPaths } from '../../src/run/run.ts';
import type { TrainingRequest } from '../../src/train/request.ts';
import { resumeRun, startRun } from '../../src/train/start.ts';
import { SMALL } from '../experiment/file.ts';
import { torchHere } from '../support/torch.ts';
import { type Finished, inProcess, pushpull } from './command.ts';

const TORCH = ['--engine', 'torch', '--threads', '1'];
const REQUEST: TrainingRequest = {
  data: 'mnist',
  width: 8,
  epochs: 2,
  batchSize: 16,
  limit: { train: 640, test: 400 },
  stem: { kind: 'pushpull', avg: 3, alpha: 'trainable' },
  workers: 1,
  engine: 'torch',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushpull-torch-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string) => join(folder, name);
const weights = (run: string) => readFileSync(join(runPaths(place(run)).checkpoint, WEIGHTS));

describe.skipIf((await torchHere()) === undefined)('on libtorch', () => {
  let trained: Finished;
  beforeAll(async () => {
    trained = await pushpull(
      ...[
        'train',
        '--data',
        'mnist',
        '--width',
        '8',
        '--epochs',
        '2',
        '--batch',
        '16',
        '--limit',
        'train=640,test=400',
      ],
      ...['--stem', 'pushpull', '--avg', '3', '--workers', '1', '--out', place('run'), ...TORCH],
    );
  });

  it('a run is trained, and says on what', async () => {
    expect(trained.status).toBe(0);
    expect(trained.stderr).toMatch(/machine +torch on cpu, 1 loader thread, seed 0/);
    const { config, log, model } = await openRun(place('run'));
    expect(config).toMatchObject({ engine: 'torch', device: 'cpu' });
    expect(config).not.toHaveProperty('precision');
    expect(log.at(-1)!.test.top1).toBeGreaterThan(0.3);
    expect(readModelCard(readFileSync(model!))!.training).toMatchObject({ engine: 'torch', device: 'cpu' });
  });

  it('one that was stopped goes on bit for bit', async () => {
    const stop = new AbortController();
    let steps = 0;
    const session = { out: place('stopped'), threads: 1, signal: stop.signal };
    const { status } = await startRun(REQUEST, {
      ...session,
      onEvent: ({ kind }) => kind === 'step' && ++steps === 50 && stop.abort(),
    });
    expect(status).toBe('interrupted');
    await resumeRun({ out: place('stopped'), threads: 1 });
    expect(weights('stopped').equals(weights('run'))).toBe(true);
    expect(
      readFileSync(runPaths(place('stopped')).model).equals(readFileSync(runPaths(place('run')).model)),
    ).toBe(true);
  });

  it('one that was begun on the other engine goes on here when asked, and says so', async () => {
    const stop = new AbortController();
    const onEvent = ({ kind }: { kind: string }) => kind === 'epoch' && stop.abort();
    const session = { out: place('moved'), threads: 1, signal: stop.signal, onEvent };
    await startRun({ ...REQUEST, engine: 'onnxruntime' }, session);
    const { stderr } = await inProcess('train', '--resume', '--out', place('moved'), ...TORCH);
    expect(stderr).toMatch(/machine +torch on cpu \(begun on cpu\), 1 loader thread/);
    const { config, log, model } = await openRun(place('moved'));
    expect(log).toHaveLength(2);
    expect(config).not.toHaveProperty('engine');
    expect(readModelCard(readFileSync(model!))!.training).toMatchObject({ engine: 'torch' });
  });

  describe('an evaluation', () => {
    const evaluate = (out: string, ...more: string[]) =>
      inProcess(
        ...[
          'evaluate',
          place('run'),
          '--data',
          'mnist',
          '--limit',
          '300',
          '--corruptions',
          'gaussian_noise,fog',
        ],
        ...['--severities', '1,5', '--workers', '1', '--out', place(out), ...more],
      );

    /** Share of all images and cells to which two results give other answers. */
    async function different(one: string, other: string): Promise<number> {
      const [a, b] = [await readPredictions(place(one)), await readPredictions(place(other))];
      let [answers, unequal] = [0, 0];
      for (const cell of measuredCells(await readResult(place(one)))) {
        const { predicted } = b!.cell(cell)!;
        answers += predicted.length;
        unequal += a!.cell(cell)!.predicted.filter((answer, image) => answer !== predicted[image]).length;
      }
      expect(answers).toBe(5 * 300);
      return unequal / answers;
    }

    it('answers as ONNX Runtime does, and tells the engine', async () => {
      await evaluate('onnx.json', '--threads', '1');
      const { stderr } = await evaluate('torch.json', ...TORCH);
      expect(stderr).toMatch(/device +torch on cpu, 1 thread; 1 worker/);
      const { environment, model } = await readResult(place('torch.json'));
      expect(environment).toMatchObject({ engine: 'torch', device: 'cpu', precision: 'float32', threads: 1 });
      expect(environment.torch).toMatch(/^\d+\.\d+/);
      expect(model.sha256).toBe((await readResult(place('onnx.json'))).model.sha256);
      expect(await different('onnx.json', 'torch.json')).toBeLessThanOrEqual(0.003);
      await expect(evaluate('onnx.json', ...TORCH)).rejects.toThrow(
        'holds another evaluation: --engine onnxruntime there, torch here; choose',
      );
    });

    it('in bfloat16 says so, and is not mixed with one in float32', async () => {
      const half = [...TORCH, '--precision', 'bfloat16'];
      const { stderr } = await evaluate('half.json', ...half);
      expect(stderr).toMatch(/device +torch on cpu, bfloat16, 1 thread/);
      expect((await readResult(place('half.json'))).environment.precision).toBe('bfloat16');
      await expect(evaluate('half.json', ...TORCH)).rejects.toThrow(
        '--precision bfloat16 there, float32 here',
      );
    });
  });

  it('a rehearsal of an experiment, and how long it would take', async () => {
    const words = [
      'experiment',
      'table1-cifar10',
      '--data',
      'mnist',
      '--only',
      'resnet18-conv',
      '--seeds',
      '0',
    ];
    const scale = ['--scale', 'width=8,epochs=1,train=128,test=64', '--workers', '1', ...TORCH];
    const { stdout, stderr } = await inProcess(...words, ...scale, '--cache', place('cache'), '--dry-run');
    expect(stdout + stderr).toMatch(/machine +torch on cpu, 1 job of 1 thread/);
    expect(stdout + stderr).toMatch(/reckoned from a few seconds of kinds of network here/);
    expect(existsSync(place('table'))).toBe(false);
  });

  it('an experiment trains and measures on it, in one precision', async () => {
    const file = place('digits.yaml');
    writeFileSync(
      file,
      SMALL.replace('stems: [conv, avg3]', 'stems: [conv]').replace('width: 2', 'width: 8'),
    );
    const words = ['experiment', file, '--out', place('digits'), '--workers', '1', '--threads', '1'];
    const small = ['--scale', 'train=96,test=10,epochs=1', '--engine', 'torch', '--precision', 'bfloat16'];
    await inProcess(...words, ...small);
    const run = join(place('digits'), 'runs', 'resnet18-conv-seed1');
    expect((await openRun(run)).config).toMatchObject({ engine: 'torch', precision: 'bfloat16' });
    const { environment } = await readResult(join(place('digits'), 'results', 'resnet18-conv-seed1.json'));
    expect(environment).toMatchObject({ engine: 'torch', precision: 'bfloat16' });
    await expect(inProcess(...words, ...small.slice(0, 2))).rejects.toThrow(
      'begun with --precision bfloat16',
    );
  });

  it('so do the trials of a search', async () => {
    const words = ['search', '--out', place('search'), '--workers', '1', '--threads', '1'];
    const small = ['--data', 'mnist', '--width', '8', '--epochs', '1', '--limit', '96', '--engine', 'torch'];
    const { stdout, stderr } = await inProcess(...words, ...small, '--lr', '0.1');
    expect(stderr).toMatch(/machine +torch on cpu, 1 loader thread/);
    expect(stdout.replaceAll(/\\\n\s+/g, '')).toMatch(/pushpull train .* --engine torch /);
    const again = await inProcess(...words, '--resume', '--engine', 'onnxruntime');
    expect(again.stderr).toMatch(/machine +cpu, 1 loader thread[\s\S]*1 of 1 trial were done before/);
  });
});
