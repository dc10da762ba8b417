/** What a search shows while it runs: its settings, a row a trial, and a bar for the one at hand. */

import pc from 'picocolors';
import { exact } from '../../run/command.ts';
import { settingsOf, type Trial } from '../../train/search/grid.ts';
import type { TrialResult } from '../../train/search/results.ts';
import type { SearchEvent } from '../../train/search/search.ts';
import { decimals, percent, plural } from '../../words.ts';
import { NAMED_BAD_IMAGES } from '../shared/bad-images.ts';
import { facts } from '../shared/lines.ts';
import { duration, ProgressLine } from '../shared/progress.ts';
import { describeMachine, describeMomentum, describeTask } from '../train/run-facts.ts';

type Event<Kind extends SearchEvent['kind']> = SearchEvent & { readonly kind: Kind };

const COLUMNS = [
  ['trial', 7],
  ['max lr', 8],
  ['decay', 8],
  ['batch', 6],
  ['seed', 5],
  ['val. error', 12],
  ['loss', 9],
  ['train loss', 12],
  ['time', 13],
] as const;
/** A trial that diverged has no scores: its end is told in their place. */
const SCORES = 5;

export class SearchDisplay {
  readonly #out: string;
  readonly #line = new ProgressLine();
  readonly #badImages = new Set<string>();
  #trials = 0;
  #finished = 0;
  /** Wall time of the trials of this session, and when the one at hand began. */
  readonly #seconds: number[] = [];
  #begun = 0;
  #number = 0;
  #epochs = 0;
  #headed = false;
  #stopping = false;

  constructor(out: string) {
    this.#out = out;
  }

  readonly event = (event: SearchEvent): void => {
    if (event.kind === 'start') this.#start(event);
    else if (event.kind === 'trial') this.#begin(event);
    else if (event.kind === 'training') this.#training(event);
    else this.#result(event);
  };

  /** Say that Ctrl-C was heard. */
  stopping(): void {
    this.#stopping = true;
    this.#line.log('stopping after this step (Ctrl-C again quits at once, without saving)');
  }

  /** The last words of a search that was stopped. */
  stopped(): void {
    console.error(
      `stopped and saved: ${this.#finished} of ${plural(this.#trials, 'trial')} done. ` +
        `Go on with: ${pc.bold(`pushpull search --out ${this.#out} --resume`)}`,
    );
  }

  close(): void {
    this.#line.clear();
  }

  #start({ settings, trials, results }: Event<'start'>): void {
    const { base, grid, seeds } = settings;
    this.#trials = trials.length;
    this.#finished = results.length;
    this.#epochs = base.recipe.epochs;
    const list = (values: readonly number[]) => values.map(exact).join(', ');
    const size = settingsOf(grid).length;
    const tried = trials.length / seeds.length;
    facts([
      ...describeTask(base),
      ['recipe', `${base.preset}: ${plural(base.recipe.epochs, 'epoch')}, ${describeMomentum(base)}`],
      ['grid', `max lr ${list(grid.maxRate)}`],
      ['', `weight decay ${list(grid.weightDecay)}`],
      ['', `batch ${list(grid.batchSize)}`],
      [
        'trials',
        `${tried < size ? `${tried} of ` : ''}${plural(size, 'setting')}${tried < size ? ', drawn at random' : ''}, ` +
          `seed${seeds.length === 1 ? '' : 's'} ${list(seeds)}`,
      ],
      ['machine', describeMachine(base)],
      ['search', this.#out],
    ]);
    if (results.length > 0)
      facts([['continued', `${results.length} of ${plural(trials.length, 'trial')} were done before`]]);
  }

  #begin({ number }: Event<'trial'>): void {
    this.#number = number;
    this.#begun = performance.now();
  }

  #training({ event }: Event<'training'>): void {
    if (event.kind === 'badImage') this.#badImage(event.path, event.reason);
    if (event.kind === 'checkpointFailed') this.#line.log(`${pc.yellow('not saved')} ${event.reason}`);
    if (this.#stopping) return;
    const before = `trial ${this.#number}/${this.#trials}  epoch`;
    if (event.kind === 'step') {
      const { epoch, batch, batches, loss, top1, remainingSeconds } = event;
      const after = [
        `loss ${decimals(loss, 3)}`,
        `error ${percent(1 - top1)}`,
        `${duration(this.#remaining(remainingSeconds))} left`,
      ];
      this.#line.update(batch, batches, `${before} ${epoch}/${this.#epochs}`, after.join('  '));
    } else if (event.kind === 'evaluate') {
      this.#line.update(event.images, event.total, `${before} ${event.epoch}/${this.#epochs}`, 'validation');
    }
  }

  /** Of the whole search: the trials to come are taken to last as long as those before, or as the one at hand. */
  #remaining(ofTrial: number): number {
    const atHand = (performance.now() - this.#begun) / 1000 + ofTrial;
    const known = this.#seconds.length > 0 ? this.#seconds : [atHand];
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return ofTrial + mean * (this.#trials - this.#finished - 1);
  }

  #badImage(path: string, reason: string): void {
    const { size } = this.#badImages;
    if (this.#badImages.has(path)) return;
    this.#badImages.add(path);
    if (size >= NAMED_BAD_IMAGES) return;
    const more = size + 1 === NAMED_BAD_IMAGES ? "; further ones stand in the trials' bad-images.tsv" : '';
    this.#line.log(`${pc.yellow('skipped')} ${path}: ${reason}${more}`);
  }

  #result({ result, number }: Event<'result'>): void {
    this.#finished++;
    this.#seconds.push((performance.now() - this.#begun) / 1000);
    if (!this.#headed) this.#line.log(pc.bold(row(COLUMNS.map(([name]) => name))));
    this.#headed = true;
    this.#line.log(row([`${number}/${this.#trials}`, ...settingCells(result), ...outcomeCells(result)]));
  }
}

function settingCells({ maxRate, weightDecay, batchSize, seed }: Omit<Trial, 'name'>): string[] {
  return [exact(maxRate), exact(weightDecay), String(batchSize), String(seed)];
}

function outcomeCells({ outcome, seconds }: TrialResult): string[] {
  if (outcome.status === 'diverged') return [`diverged at step ${outcome.step}: ${outcome.reason}`];
  const { train, validation } = outcome;
  return [
    percent(1 - validation.top1),
    decimals(validation.loss, 4),
    decimals(train.loss, 4),
    duration(seconds),
  ];
}

/** Cells at the right of their columns; a lone text in place of the scores begins at their left. */
function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) =>
      index === SCORES && cells.length === SCORES + 1 ? `  ${cell}` : cell.padStart(COLUMNS[index][1]),
    )
    .join('');
}
