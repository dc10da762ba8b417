/** What an experiment shows while it runs: on a terminal a table that is repainted, in a log plain lines now and then. */
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import type { ExperimentPlan } from '../../experiment/plan.ts';
import type { ExperimentEvent } from '../../experiment/run.ts';
import type { RunState } from '../../experiment/state.ts';
import { decimals, percent, plural } from '../../words.ts';
import { duration } from '../shared/progress.ts';
import { conditions, experimentTable, isFailed, summary } from './table.ts';

type Event<Kind extends ExperimentEvent['kind']> = ExperimentEvent & { readonly kind: Kind };

/** Milliseconds between two paintings of the table, and seconds between two plain lines on what runs. */
const PAINT_MILLISECONDS = 250;
const LINE_SECONDS = 60;
/** Notes that are told before they are only counted: a set with broken images may have thousands. */
const NOTES_TOLD = 20;

export class ExperimentDisplay {
  readonly #terminal: boolean;
  readonly #paint = createLogUpdate(process.stderr);
  #plan: ExperimentPlan | undefined;
  #states: readonly RunState[] = [];
  #painted = 0;
  #printed = performance.now();
  #notes = 0;
  #stopping = false;

  constructor(terminal: boolean = process.stderr.isTTY === true) {
    this.#terminal = terminal;
  }

  readonly event = (event: ExperimentEvent): void => {
    if (event.kind === 'start') this.#start(event);
    else if (event.kind === 'note') this.#note(event);
    else if (event.kind === 'stage') this.#stage(event);
    else if (event.kind === 'progress') this.#progress();
    else this.#outputs();
  };

  /** Say that Ctrl-C was heard. */
  stopping(): void {
    this.#stopping = true;
    this.#log(
      'stopping: trainings after this step, evaluations after this batch (Ctrl-C again quits at once, without saving)',
    );
  }

  /** Leave the table as it stands, where it was painted. */
  close(): void {
    if (!this.#terminal || !this.#plan) return;
    this.#repaint(true);
    this.#paint.done();
  }

  #start({ plan, states }: Event<'start'>): void {
    this.#plan = plan;
    this.#states = states;
    if (this.#terminal) this.#repaint(true);
    else {
      for (const line of [plan.experiment.title, ...conditions(plan), summary(plan, states)]) this.#log(line);
    }
  }

  #stage({ state, of }: Event<'stage'>): void {
    if (this.#terminal) {
      this.#repaint(true);
      return;
    }
    const { stage } = state[of];
    if (stage !== 'running' || state[of].remainingSeconds === undefined) this.#log(stageLine(state, of));
    if (stage === 'done' && of === 'evaluation') this.#log(summary(this.#plan!, this.#states));
  }

  #progress(): void {
    if (this.#terminal) {
      this.#repaint(false);
      return;
    }
    if (performance.now() - this.#printed < LINE_SECONDS * 1000 || this.#stopping) return;
    for (const state of this.#states) {
      const line = runningLine(state);
      if (line !== undefined) this.#log(line);
    }
    this.#log(summary(this.#plan!, this.#states));
  }

  #note({ text, run }: Event<'note'>): void {
    if (++this.#notes > NOTES_TOLD) return;
    const more = this.#notes === NOTES_TOLD ? ' (further notes are left out)' : '';
    this.#log(`${pc.yellow('note')} ${run === undefined ? '' : `${run}: `}${text}${more}`);
  }

  #outputs(): void {
    if (!this.#terminal) this.#log('writing tables, figures and the report');
  }

  /** A lasting line, above the table where there is one. */
  #log(text: string): void {
    if (this.#terminal) this.#paint.persist(text);
    else console.error(text);
    if (this.#terminal) this.#repaint(true);
    this.#printed = performance.now();
  }

  #repaint(now: boolean): void {
    if (!this.#plan || (!now && performance.now() - this.#painted < PAINT_MILLISECONDS)) return;
    const { columns = 80, rows = 24 } = process.stderr;
    this.#paint(experimentTable(this.#plan, this.#states, { columns, rows }).join('\n'));
    this.#painted = performance.now();
  }
}

function stageLine(state: RunState, of: 'training' | 'evaluation'): string {
  const { name, training, evaluation } = state;
  const { stage, reason } = state[of];
  if (stage === 'running') return `${name}: ${of} begun`;
  if (stage !== 'done')
    return `${name}: ${of} ${stage}${reason === undefined ? '' : `: ${reason.split('\n')[0]}`}`;
  if (of === 'training') {
    const { error, epochs, seconds = 0 } = training;
    return `${name}: trained for ${plural(epochs, 'epoch')} in ${duration(seconds)}${error === undefined ? '' : `, error ${percent(error)}`}`;
  }
  const { error, mce, mrce } = evaluation;
  const figures = [
    error === undefined ? '' : `E ${percent(error)}`,
    mce === undefined ? '' : `abs. mCE ${percent(mce)}`,
    mrce === undefined ? '' : `mrCE ${decimals(mrce, 3)}`,
  ];
  return `${name}: measured, ${figures.filter((text) => text !== '').join(', ')}`;
}

function runningLine({ name, training, evaluation }: RunState): string | undefined {
  const left = (seconds: number | undefined) => (seconds === undefined ? '' : `, ${duration(seconds)} left`);
  if (training.stage === 'running') {
    const { epoch, epochs, error, remainingSeconds } = training;
    return `${name}: epoch ${Math.min(epochs, epoch + 1)} of ${epochs}${error === undefined ? '' : `, error ${percent(error)}`}${left(remainingSeconds)}`;
  }
  if (evaluation.stage !== 'running') return undefined;
  const { finished, cells, remainingSeconds } = evaluation;
  return `${name}: ${finished} of ${plural(cells, 'cell')} measured${left(remainingSeconds)}`;
}

/** What failed and why, a line each, for the end. */
export function failureLines(states: readonly RunState[]): string[] {
  return states.filter(isFailed).map(({ name, training, evaluation }) => {
    const [what, { reason = 'no reason is known' }] =
      training.stage === 'failed' ? (['training', training] as const) : (['evaluation', evaluation] as const);
    return `${pc.red('failed')} ${name}, ${what}: ${reason}`;
  });
}
