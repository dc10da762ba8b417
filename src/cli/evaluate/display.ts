import { describeChoice } from '../../engine/options.ts';
import { describeGeometry, needsExactSize } from '../../evaluate/model/geometry.ts';
import type { EvaluationEvent } from '../../evaluate/options.ts';
import { percent, plural, thousands } from '../../words.ts';
import { badImagesFacts } from '../shared/bad-images.ts';
import { dataFacts } from '../shared/data-options.ts';
import { facts } from '../shared/lines.ts';
import { duration, ProgressLine } from '../shared/progress.ts';
import { printAssumed, printDoubts, readingFacts, valuesFact } from './model-reading.ts';

type Event<Kind extends EvaluationEvent['kind']> = EvaluationEvent & { readonly kind: Kind };

/** What an evaluation shows while it runs: what is measured on what, then a bar; in a log, a line a cell. */
export class EvaluationDisplay {
  readonly #out: string;
  readonly #terminal: boolean;
  readonly #line: ProgressLine;
  #finished = 0;
  #cells = 0;
  #pace = '';
  #badImages: Event<'badImages'> | undefined;
  #stopping = false;

  constructor(out: string, terminal: boolean = process.stderr.isTTY === true) {
    this.#out = out;
    this.#terminal = terminal;
    this.#line = new ProgressLine(terminal);
  }

  readonly event = (event: EvaluationEvent): void => {
    if (event.kind === 'start') this.#start(event);
    else if (event.kind === 'progress') this.#progress(event);
    else if (event.kind === 'cell') this.#cell(event);
    else this.#badImages = event;
  };

  /** Say that Ctrl-C was heard. */
  stopping(): void {
    this.#stopping = true;
    this.#line.log('stopping after this batch (Ctrl-C again quits at once)');
  }

  /** The last words of an evaluation that was stopped. */
  stopped(): void {
    const kept = this.#finished > 0 ? ` in ${this.#out}; the same command continues with the rest` : '';
    console.error(`stopped: ${this.#finished} of ${plural(this.#cells, 'cell')} finished${kept}`);
  }

  /** What was left out, after the result. */
  conclude(): void {
    const { images = [], file = '' } = this.#badImages ?? {};
    facts(badImagesFacts(images, file));
  }

  close(): void {
    this.#line.clear();
  }

  #start({ model, data, environment, reading, cells, clean, finished }: Event<'start'>): void {
    this.#cells = cells;
    this.#finished = finished;
    const { width, height } = data.preprocessing;
    const how = describeGeometry(data.preprocessing);
    const { corrupted } = data;
    const count = plural(cells - (clean ? 1 : 0), 'cell');
    facts([
      ['model', `${model.name} ${model.variant}, ${plural(model.parameters, 'parameter')}`],
      [
        'data',
        `${data.name} ${data.split}, ${plural(data.images, 'image')}, ${plural(data.classes, 'class')}, seed ${data.seed}`,
      ],
      ...(reading ? dataFacts(reading) : []),
      [
        'input',
        `${width}×${height}${corrupted || needsExactSize(data.preprocessing) ? '' : ` ${how}`}, ${valuesFact(data.preprocessing, model.reading)}`,
      ],
      ...(model.reading ? readingFacts(model.reading) : []),
      [
        'corruptions',
        corrupted
          ? `${count} of ${data.path}, ${plural(data.images, 'image')} of ${plural(data.classes, 'class')} in each, as they are`
          : `${count}, strengths of the ${data.corruptionSet} set`,
      ],
      ...(corrupted ? [cleanFact(data, clean)] : []),
      [
        'device',
        `${describeChoice(environment)}, ${plural(environment.threads, 'thread')}; ${plural(environment.workers, 'worker')}`,
      ],
    ]);
    printAssumed(data);
    if (model.reading) printDoubts(model.reading);
    if (finished > 0) facts([['continued', `${finished} of ${plural(cells, 'cell')} were finished before`]]);
  }

  #progress({ cell, imagesPerSecond, remainingSeconds }: Event<'progress'>): void {
    this.#pace = `${thousands(Math.round(imagesPerSecond))} images/s, ${duration(remainingSeconds)} left`;
    if (this.#terminal && !this.#stopping) {
      this.#line.update(this.#finished, this.#cells, label(cell).padEnd(19), this.#pace);
    }
  }

  #cell({ cell, top1, images, nan }: Event<'cell'>): void {
    this.#finished++;
    if (this.#terminal) return;
    const position = String(this.#finished).padStart(String(this.#cells).length);
    const error = `error ${percent(top1)}`;
    const silent = nan === undefined ? '' : `, NaN on ${thousands(nan)} of ${plural(images, 'image')}`;
    console.error(
      `${position}/${this.#cells}  ${label(cell).padEnd(19)} ${error.padEnd(13)} ${this.#pace}${silent}`,
    );
  }
}

/** What is clean beside a corrupted set. */
function cleanFact(
  { clean, preprocessing }: Event<'start'>['data'],
  measured: boolean,
): [name: string, text: string] {
  if (!clean || !measured) return ['clean', 'not measured: no clean images were given (--clean)'];
  const { width, height } = preprocessing;
  const size = needsExactSize(preprocessing) ? '' : `${width}×${height} `;
  return [
    'clean',
    `${clean.name}, ${plural(clean.images, 'image')}, ${size}${describeGeometry(preprocessing)}`,
  ];
}

function label(cell: 'clean' | { readonly corruption: string; readonly severity: number }): string {
  return cell === 'clean' ? 'clean' : `${cell.corruption} ${cell.severity}`;
}
