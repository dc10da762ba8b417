/** The table of an experiment's runs as lines of text: what is done, running and to come. */
import pc from 'picocolors';
import { knownRates, remaining } from '../../experiment/estimate/estimate.ts';
import type { ExperimentPlan } from '../../experiment/plan.ts';
import type { EvaluationState, RunState, Stage, TrainingState } from '../../experiment/state.ts';
import { decimals, percent, plural } from '../../words.ts';
import { duration } from '../shared/progress.ts';

export interface TableSize {
  readonly columns: number;
  /** Lines at most; without it all runs are listed. */
  readonly rows?: number;
}

const MARKS: Readonly<Record<Stage, string>> = {
  waiting: '·',
  running: '▸',
  stopped: '‖',
  done: '✓',
  failed: '✗',
  skipped: '–',
};

const PAINT: Readonly<Record<Stage, (text: string) => string>> = {
  waiting: pc.dim,
  running: pc.cyan,
  stopped: pc.yellow,
  done: pc.green,
  failed: pc.red,
  skipped: pc.dim,
};

const BAR = 10;
const GAP = '  ';

/** Title, what was scaled, a row a run, and how much is left. */
export function experimentTable(
  plan: ExperimentPlan,
  states: readonly RunState[],
  { columns, rows }: TableSize,
): string[] {
  const head = [
    pc.bold(cut(plan.experiment.title, columns)),
    ...conditions(plan).flatMap((text) => wrap(text, columns).map(pc.yellow)),
    '',
  ];
  const foot = ['', summary(plan, states)];
  const body = runRows(states, columns);
  const room = rows === undefined ? body.length : rows - head.length - foot.length - 1;
  return [...head, ...visible(body, states, Math.max(3, room)), ...foot];
}

/** That this is a rehearsal, or on other data: at the head of everything. */
export function conditions({ scaledText, dataNote }: ExperimentPlan): string[] {
  return [
    ...(scaledText ? [`scaled down: ${scaledText}`] : []),
    ...(dataNote ? [`${dataNote}: its figures are not the paper's`] : []),
  ];
}

/** How many runs are done, running, to come and failed, and how long the rest may take. */
export function summary(plan: ExperimentPlan, states: readonly RunState[]): string {
  const count = (is: (state: RunState) => boolean) => states.filter(is).length;
  const done = count(({ evaluation }) => evaluation.stage === 'done');
  const failed = count(isFailed);
  const running = count(isRunning);
  const waiting = states.length - done - failed - running;
  const left = remaining(plan, states, knownRates(plan, states));
  return [
    `${done} of ${plural(states.length, 'run')} done`,
    ...(running > 0 ? [`${running} running`] : []),
    ...(waiting > 0 ? [`${waiting} to come`] : []),
    ...(failed > 0 ? [pc.red(`${failed} failed`)] : []),
    ...(left && left.seconds > 0 ? [`about ${duration(left.seconds)} left`] : []),
  ].join(', ');
}

export function isFailed({ training, evaluation }: RunState): boolean {
  return training.stage === 'failed' || evaluation.stage === 'failed';
}

function isRunning({ training, evaluation }: RunState): boolean {
  return training.stage === 'running' || evaluation.stage === 'running';
}

/** A line a run, under a heading. */
function runRows(states: readonly RunState[], columns: number): string[] {
  const nameWidth = Math.max('run'.length, ...states.map(({ name }) => name.length));
  // Where there is no room for bars, numbers have to do.
  const bars = columns >= nameWidth + 78;
  const trainings = states.map(({ training }) => trainingCell(training, bars));
  const trainingWidth = Math.max('training'.length, ...trainings.map(({ length }) => length));
  const heading = pc.bold(
    ['run'.padEnd(nameWidth), 'training'.padEnd(trainingWidth), 'evaluation'].join(GAP),
  );
  const lines = states.map(({ name, training, evaluation }, index) => {
    const left = trainings[index]!;
    const room = columns - nameWidth - trainingWidth - 2 * GAP.length;
    const right = cut(evaluationCell(evaluation, bars), room);
    return [
      name.padEnd(nameWidth),
      PAINT[training.stage](left.padEnd(trainingWidth)),
      PAINT[evaluation.stage](right),
    ].join(GAP);
  });
  return [heading, ...lines];
}

function trainingCell(state: TrainingState, bars: boolean): string {
  const { stage, epoch, epochs, progress, error, trainError, remainingSeconds } = state;
  const errors = error === undefined ? '' : `error ${percent(error)}`;
  const at = `epoch ${Math.min(epochs, Math.floor(progress * epochs) + 1)}/${epochs}`;
  switch (stage) {
    case 'waiting':
      return progress > 0
        ? joined(stage, 'to go on after', `epoch ${epoch}/${epochs}`, errors)
        : `${MARKS[stage]} to come`;
    case 'running':
      // Before the test images are scored for the first time, the training images have to tell.
      return joined(
        stage,
        bars ? bar(progress) : '',
        at,
        errors || (trainError === undefined ? '' : `train error ${percent(trainError)}`),
        timeLeft(remainingSeconds),
      );
    case 'done':
      return joined(stage, plural(epochs, 'epoch'), errors);
    case 'failed':
      return joined(stage, state.diverged ? shortReason(state.reason) : 'failed, see below');
    default:
      return joined(stage, stage, at, errors);
  }
}

function evaluationCell(state: EvaluationState, bars: boolean): string {
  const { stage, cells, finished, cell, error, mce, mrce, remainingSeconds } = state;
  const figures = [
    error === undefined ? '' : `E ${percent(error)}`,
    mce === undefined ? '' : `abs. mCE ${percent(mce)}`,
    mrce === undefined ? '' : `mrCE ${decimals(mrce, 3)}`,
  ];
  switch (stage) {
    case 'waiting':
      return finished === cells
        ? joined(stage, 'to be compared', ...figures)
        : finished > 0
          ? joined(stage, 'to go on after', `${finished}/${cells}`)
          : `${MARKS[stage]} to come`;
    case 'running':
      return joined(
        stage,
        bars ? bar(finished / cells) : '',
        `${finished}/${cells}`,
        cell ?? '',
        timeLeft(remainingSeconds),
      );
    case 'done':
      return joined(stage, ...figures);
    case 'failed':
      return joined(stage, 'failed, see below');
    case 'skipped':
      return joined(stage, 'no network to measure');
    default:
      return joined(stage, stage, `${finished}/${cells}`);
  }
}

function joined(stage: Stage, ...parts: readonly string[]): string {
  return `${MARKS[stage]} ${parts.filter((part) => part !== '').join('  ')}`;
}

function bar(share: number): string {
  const full = Math.round(BAR * share);
  return '━'.repeat(full) + '─'.repeat(BAR - full);
}

function timeLeft(seconds: number | undefined): string {
  return seconds === undefined ? '' : `${duration(seconds)} left`;
}

function shortReason(reason: string | undefined): string {
  return /^diverged at step \d+/.exec(reason ?? '')?.[0] ?? 'diverged';
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Lines of whole words; the further ones are indented. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.trim().length > width && lines.at(-1) !== '') lines.push(`  ${word}`);
    else lines[lines.length - 1] = lines.at(-1) === '' ? word : line;
  }
  return lines;
}

/** What runs stays in sight; of what is done and to come, as much as there is room for. */
function visible(lines: readonly string[], states: readonly RunState[], room: number): string[] {
  if (lines.length <= room) return [...lines];
  const [heading, ...body] = lines as [string, ...string[]];
  const slots = Math.max(1, room - 3);
  const active = states.findIndex(isRunning);
  const first = active >= 0 ? active : states.findIndex(({ evaluation }) => evaluation.stage !== 'done');
  // One line before it, where there is room, to see what was done last.
  const wanted = first < 0 ? body.length : first - (slots > 2 ? 1 : 0);
  const start = Math.max(0, Math.min(wanted, body.length - slots));
  const hidden = body.length - start - slots;
  return [
    heading,
    ...(start > 0 ? [pc.dim(`  ${start} more above`)] : []),
    ...body.slice(start, start + slots),
    ...(hidden > 0 ? [pc.dim(`  ${hidden} more below`)] : []),
  ];
}
