/** The end of a search on the terminal: the settings from best to worst, and what to do with the best. */
import pc from 'picocolors';
import { commandParts, exact, trainCommand } from '../../run/command.ts';
import { GRID_OPTIONS, type SearchGrid } from '../../train/search/grid.ts';
import type { RankedSetting, Spread } from '../../train/search/results.ts';
import type { SearchResult } from '../../train/search/search.ts';
import { trialConfig } from '../../train/search/settings.ts';
import { decimals, percent, plural } from '../../words.ts';
import { duration } from '../shared/progress.ts';

/** Characters between two columns. */
const GAP = 2;
/** What a terminal is sure to have. */
const LINE = 80;

interface Column {
  readonly title: string;
  readonly cell: (setting: RankedSetting) => string;
}

/** Lines for a terminal of 80 columns; an arrow points at the best, with or without colours. */
export function searchTable({ ranking, settings }: SearchResult): string {
  const several = settings.seeds.length > 1;
  const best = bestOf(ranking);
  const columns: Column[] = [
    { title: 'max lr', cell: ({ maxRate }) => exact(maxRate) },
    { title: 'decay', cell: ({ weightDecay }) => exact(weightDecay) },
    { title: 'batch', cell: ({ batchSize }) => String(batchSize) },
    {
      title: 'val. error  ',
      cell: (setting) => `${errorCell(setting)}${setting === best ? ' ←' : '  '}`,
    },
    { title: 'loss', cell: ({ scores }) => meanOf(scores?.loss, (value) => decimals(value, 3)) },
    { title: 'train', cell: ({ scores }) => meanOf(scores?.trainLoss, (value) => decimals(value, 3)) },
    ...(several ? [{ title: 'seeds', cell: seedsCell }] : []),
    { title: 'time', cell: ({ seconds }) => (seconds > 0 ? duration(seconds) : '·') },
  ];
  const texts = ranking.map((setting) => columns.map(({ cell }) => cell(setting)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...texts.map((cells) => cells[index].length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) => text.padStart(widths[index] + (index === 0 ? 0 : GAP)))
      .join('')
      .trimEnd();
  const rows = texts.map((cells, index) => {
    const text = line(cells);
    if (ranking[index] === best) return pc.bold(pc.green(text));
    return ranking[index].diverged > 0 ? pc.dim(text) : text;
  });
  return [pc.bold(line(columns.map(({ title }) => title))), ...rows].join('\n');
}

/** The setting to use; undefined when no setting trained well with every seed. */
export function bestOf(ranking: readonly RankedSetting[]): RankedSetting | undefined {
  return ranking[0]?.diverged === 0 ? ranking[0] : undefined;
}

function errorCell({ scores }: RankedSetting): string {
  if (scores === null) return 'diverged';
  const { mean, deviation } = scores.error;
  return deviation === null ? percent(mean) : `${decimals(100 * mean, 1)} ± ${percent(deviation)}`;
}

function meanOf(spread: Spread | undefined, text: (value: number) => string): string {
  return spread === undefined ? '·' : text(spread.mean);
}

function seedsCell({ seeds, diverged }: RankedSetting): string {
  return diverged === 0 ? String(seeds) : `${seeds - diverged} of ${seeds}`;
}

/**
 * What the table means and what follows from it.
 *
 * @param out The search's folder.
 */
export function searchConclusion(result: SearchResult, out: string): string[] {
  const { ranking, settings } = result;
  const best = bestOf(ranking);
  if (!best) {
    const everywhere = settings.seeds.length > 1 ? ' with every seed' : '';
    return [`No setting trained to the end${everywhere}: try a lower --lr in another folder.`];
  }
  const beyond = settings.trials === null ? beyondTheEdge(settings.grid, best) : [];
  const wider = commandParts(['pushpull search --resume', ['--out', out], ...beyond]);
  const name = out.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '');
  const config = trialConfig(settings, { ...best, seed: settings.base.seed });
  // All training images now, and the scores of the test images, which had no part in the choice.
  const whole = { ...config, data: { ...config.data, validation: null, fraction: undefined, limit: null } };
  return [
    pc.dim(footnote(result, best)),
    ...(beyond.length === 0
      ? []
      : ['', 'The best lies at the edge of the grid; a better one may lie beyond:', ...command(wider)]),
    '',
    'The best setting on the whole training set:',
    ...command(trainCommand(whole, `runs/${name}`)),
  ];
}

function footnote({ results, settings }: SearchResult, best: RankedSetting): string {
  const images = results.flatMap(({ outcome }) =>
    outcome.status === 'finished' ? [outcome.validation.images] : [],
  )[0];
  const error = best.scores!.error.mean;
  const deviation = Math.sqrt((error * (1 - error)) / images);
  const { length } = settings.seeds;
  return (
    `← The smallest error, of ${plural(images, 'held-out image')}; standard error ` +
    `${decimals(100 * deviation, 1)} points.${length > 1 ? `\n  Mean ± deviation over ${plural(length, 'seed')}.` : ''}`
  );
}

/** A command in lines that do not wrap; a backslash carries it on. */
function command(parts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < LINE - 5)
      lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(lines.length === 0 ? part : `  ${part}`);
  }
  return lines.map((line, index) => pc.bold(`  ${line}${index < lines.length - 1 ? ' \\' : ''}`));
}

/** For each axis at whose end the best value lies, the option with one value more, a step beyond. */
function beyondTheEdge(grid: SearchGrid, best: RankedSetting): (readonly [option: string, values: string])[] {
  return (['maxRate', 'weightDecay', 'batchSize'] as const).flatMap((axis) => {
    const values = [...grid[axis]].sort((a, b) => a - b);
    const value = best[axis];
    const neighbour = value === values[0] ? values[1] : value === values.at(-1) ? values.at(-2) : undefined;
    if (neighbour === undefined || value === 0 || neighbour === 0) return [];
    const next = value * (value / neighbour);
    const added = axis === 'batchSize' ? Math.round(next) : Number(next.toPrecision(3));
    if (grid[axis].includes(added) || added === 0) return [];
    const more = added < value ? [added, ...grid[axis]] : [...grid[axis], added];
    return [[GRID_OPTIONS[axis], more.map(exact).join(',')] as const];
  });
}
