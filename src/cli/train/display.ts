import pc from 'picocolors';
import type { RunConfig } from '../../run/config.ts';
import { type EpochRecord, outsideStep } from '../../run/history.ts';
import { runPaths } from '../../run/run.ts';
import type { PlannedRun } from '../../train/plan.ts';
import type { TrainingEvent } from '../../train/training.ts';
import { decimals, percent, plural, thousands } from '../../words.ts';
import { badImagesFacts, NAMED_BAD_IMAGES } from '../shared/bad-images.ts';
import { dataFacts } from '../shared/data-options.ts';
import { facts } from '../shared/lines.ts';
import { duration, ProgressLine, short } from '../shared/progress.ts';
import { describe } from './run-facts.ts';

/** Names and widths of the table's columns, which fill 80 columns. Errors, as everywhere else, not accuracies. */
function columns(scored: 'test' | 'validation'): readonly (readonly [name: string, width: number])[] {
  const loss = scored === 'test' ? 'test loss' : 'val. loss';
  return [
    ['epoch', 7],
    ['train loss', 11],
    [loss, 11],
    ['error', 8],
    ['top-5 error', 13],
    ['rate', 9],
    ['images/s', 10],
    ['time', 11],
  ];
}

/** What a training run shows: its settings, a bar, a table row an epoch. */
export class TrainingDisplay {
  readonly #out: string;
  readonly #line = new ProgressLine();
  /** Which images the scores are of. */
  #scored: 'test' | 'validation' = 'test';
  #headed = false;
  #badImages = 0;
  #stopping = false;

  constructor(out: string) {
    this.#out = out;
  }

  /** The settings, before anything takes time. */
  readonly config = (config: RunConfig, started?: RunConfig): void => {
    this.#scored = config.data.validation ? 'validation' : 'test';
    facts(describe(config, this.#out, started));
  };

  /** How the images were understood. */
  readonly data = ({ train, test }: PlannedRun['splits']): void => {
    const ofTest = this.#scored === 'test' ? test.reading.notes : [];
    const more = ofTest.filter((note) => !train.reading.notes.includes(note));
    const notes = [...train.reading.notes, ...more.map((note) => `test images: ${note}`)];
    facts(dataFacts({ ...train.reading, notes }));
  };

  readonly event = (event: TrainingEvent): void => {
    if (event.kind === 'start') this.#start(event);
    else if (event.kind === 'step') this.#step(event);
    else if (event.kind === 'evaluate') this.#evaluate(event);
    else if (event.kind === 'reestimate') this.#reestimate(event);
    else if (event.kind === 'initial') this.#initial(event);
    else if (event.kind === 'badImage') this.#badImage(event);
    else if (event.kind === 'checkpointFailed') this.#line.log(`${pc.yellow('not saved')} ${event.reason}`);
    else if (event.kind === 'epoch') this.#epoch(event.record, event.epochs);
    else if (event.kind === 'finished') this.#finished(event);
  };

  /** Say that the signal was heard. */
  stopping(): void {
    this.#stopping = true;
    this.#line.log('stopping after this step (Ctrl-C again quits at once, without saving)');
  }

  close(): void {
    this.#line.clear();
  }

  #start({ position, epochs }: TrainingEvent & { kind: 'start' }): void {
    if (position.step === 0 || position.epoch === epochs) return;
    const { epoch, batch, step } = position;
    facts([['resumed', `at step ${thousands(step)}: epoch ${epoch + 1} of ${epochs}, batch ${batch + 1}`]]);
  }

  #step(event: TrainingEvent & { kind: 'step' }): void {
    if (this.#stopping) return;
    const { epoch, batch, batches, loss, top1, imagesPerSecond, remainingSeconds } = event;
    const after = [
      `loss ${decimals(loss, 3)}`,
      `error ${percent(1 - top1)}`,
      `${speed(imagesPerSecond)} images/s`,
      `${duration(remainingSeconds)} left`,
    ];
    this.#line.update(batch, batches, `epoch ${epoch}`, after.join('  '));
  }

  #evaluate({ epoch, images, total }: TrainingEvent & { kind: 'evaluate' }): void {
    if (!this.#stopping)
      this.#line.update(
        images,
        total,
        epoch === 0 ? `weights ${this.#scored}` : `epoch ${epoch} ${this.#scored}`,
        '',
      );
  }

  #reestimate({ batch, batches }: TrainingEvent & { kind: 'reestimate' }): void {
    if (!this.#stopping) this.#line.update(batch, batches, 'batch norms', '');
  }

  #initial({ stage, scores }: TrainingEvent & { kind: 'initial' }): void {
    const what = stage === 'loaded' ? 'as loaded' : 'batch norms measured anew';
    this.#line.log(
      `${what}: ${this.#scored} error top-1 ${percent(1 - scores.top1)}, top-5 ${percent(1 - scores.top5)}, loss ${decimals(scores.loss, 4)}`,
    );
  }

  #badImage({ path, reason }: TrainingEvent & { kind: 'badImage' }): void {
    this.#badImages++;
    if (this.#badImages > NAMED_BAD_IMAGES) return;
    const more = this.#badImages === NAMED_BAD_IMAGES ? '; further ones stand in bad-images.tsv' : '';
    this.#line.log(`${pc.yellow('skipped')} ${path}: ${reason}${more}`);
  }

  #epoch(record: EpochRecord, epochs: number): void {
    const { epoch, train, test, learningRate, imagesPerSecond, seconds } = record;
    if (!this.#headed) this.#line.log(pc.bold(this.#row(columns(this.#scored).map(([name]) => name))));
    this.#headed = true;
    this.#line.log(
      this.#row([
        `${epoch}/${epochs}`,
        decimals(train.loss, 4),
        decimals(test.loss, 4),
        percent(1 - test.top1),
        percent(1 - test.top5),
        short(learningRate),
        speed(imagesPerSecond),
        duration(seconds.train + seconds.evaluate),
      ]),
    );
  }

  #row(cells: readonly string[]): string {
    const widths = columns(this.#scored).map(([, width]) => width);
    return cells.map((cell, index) => cell.padStart(widths[index])).join('');
  }

  #finished({ model, log, badImages }: TrainingEvent & { kind: 'finished' }): void {
    this.#line.clear();
    const last = log.at(-1);
    if (last === undefined) return;
    const sum = (pick: (record: EpochRecord) => number): number =>
      log.reduce((total, record) => total + pick(record), 0);
    const train = sum(({ seconds }) => seconds.train);
    const { javascript, data } = outsideStep({
      train,
      step: sum(({ seconds }) => seconds.step),
      data: sum(({ seconds }) => seconds.data),
    });
    const rows: [string, string][] = [
      [
        this.#scored === 'test' ? 'test error' : 'validation',
        `${this.#scored === 'test' ? '' : 'error '}top-1 ${percent(1 - last.test.top1)}, top-5 ${percent(1 - last.test.top5)} of ${plural(last.test.images, 'image')}`,
      ],
      [
        'time',
        `${duration(train + sum(({ seconds }) => seconds.evaluate))}; of training, ${percent(javascript)} in JavaScript beside the step, ${percent(data)} waiting for images`,
      ],
    ];
    facts([...rows, ...badImagesFacts(badImages, runPaths(this.#out).badImages)]);
    console.log(`model: ${model}`);
  }
}

function speed(imagesPerSecond: number): string {
  return imagesPerSecond < 10 ? decimals(imagesPerSecond, 1) : decimals(imagesPerSecond, 0);
}
