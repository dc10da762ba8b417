/** Intervals, tests against the baseline, and calibration. */
import { BENCHMARK_CORRUPTIONS } from '../../corrupt/index.ts';
import type { Result } from '../../evaluate/result/schema.ts';
import type { ComparedModel, Comparison } from '../comparison.ts';
import { classes } from '../components/markup.tsx';
import { Whisker } from '../components/pictures.tsx';
import { ModelTable } from '../components/table.tsx';
import {
  formatCount,
  formatFraction,
  formatInterval,
  formatP,
  formatPoints,
  formatPointsInterval,
  listWords,
  longName,
  MISSING,
  shortName,
} from '../format.ts';
import { SIGNIFICANT } from '../marks.ts';
import { COLORS } from '../theme.ts';

export function hasCertainty({ models }: Comparison): boolean {
  return models.some(({ statistics }) => statistics?.intervals ?? statistics?.calibration);
}

export function CertaintySection({ models }: Pick<Comparison, 'models'>) {
  return (
    <>
      <Intervals models={models.filter(({ statistics }) => statistics?.intervals)} />
      <Tests models={models.filter(({ statistics }) => statistics?.significance)} />
      <Calibration models={models.filter(({ statistics }) => statistics?.calibration)} />
    </>
  );
}

interface Models {
  /** Those that have what is shown. */
  readonly models: readonly ComparedModel[];
}

const MEASURES = [
  { name: 'error.clean', title: 'E, clean', digits: 3 },
  { name: 'mce.absolute', title: 'absolute mCE, corrupted', digits: 4 },
  { name: 'partial.error', title: 'measured cells, corrupted', digits: 4 },
] as const;

/** Every model's errors with their intervals, drawn on one scale. */
function Intervals({ models }: Models) {
  if (models.length === 0) return null;
  const { level, resamples } = models[0]!.statistics!.intervals!;
  const measures = MEASURES.flatMap((measure) => {
    const ends = models.flatMap(({ statistics }) => statistics!.intervals![measure.name] ?? []);
    if (ends.length === 0) return [];
    return [{ ...measure, range: [Math.min(...ends), Math.max(...ends)] as const }];
  });
  const hasRatio = models.some(({ statistics }) => statistics!.intervals!['mce.baseline']);
  const columns = [
    ...measures.map(({ title }) => ({ title, span: 3, class: 'first' })),
    ...(hasRatio ? [{ title: 'mrCE', span: 2, class: 'first' }] : []),
  ];
  return (
    <ModelTable
      heading={`Errors with ${Math.round(100 * level)}% intervals`}
      label="Errors with intervals"
      caption={`Bootstrap over test images, ${formatCount(resamples)} resamples; the lines of a column share one scale.`}
      class="certain"
      columns={columns}
      models={models}
      cells={(model) => (
        <>
          {measures.map((measure) => (
            <MeasureCells model={model} {...measure} />
          ))}
          {hasRatio && <RatioCells model={model} />}
        </>
      )}
    />
  );
}

function MeasureCells(
  props: { model: ComparedModel; range: readonly [number, number] } & (typeof MEASURES)[number],
) {
  const { model, name, digits, range } = props;
  const value = model.metrics[name];
  const interval = model.statistics!.intervals![name];
  if (value === undefined || !interval) return <MissingCells />;
  return (
    <>
      <td class="first figure">{formatFraction(value, digits)}</td>
      <td class="range">{formatInterval(interval)}</td>
      <td class="whisker">
        <Whisker {...{ value, interval, range }} color={model.color} rule={COLORS.rule} />
      </td>
    </>
  );
}

function MissingCells() {
  return (
    <td class="first missing" colSpan={3}>
      {MISSING}
    </td>
  );
}

function RatioCells({ model }: { model: ComparedModel }) {
  const ratio = model.statistics!.intervals!['mce.baseline'];
  return (
    <>
      <td class="first figure">{model.isBaseline ? '1' : formatFraction(model.metrics['mce.baseline'])}</td>
      <td class="range">{ratio && formatInterval(ratio)}</td>
    </>
  );
}

type Significance = NonNullable<Result['significance']>;

/** Whether the models differ from the baseline by more than the choice of the images explains. */
function Tests({ models }: Models) {
  if (models.length === 0) return null;
  const columns = [
    ...['clean', 'corrupted'].flatMap((group) => [
      { group, title: 'points' },
      { group, title: 'interval', class: 'range' },
      { group, title: 'p' },
    ]),
    { title: 'corruptions that differ', class: 'words' },
  ];
  return (
    <ModelTable
      heading="Differences to the baseline, image by image"
      label="Differences to the baseline with tests"
      caption={
        'Error minus the baseline’s on the same images, in percentage points: negative is better. Clean: McNemar’s exact ' +
        'test. Corrupted: sign-flip test of each image’s mean error. Corruptions: those whose p value, adjusted for all of ' +
        'them by Holm’s method, is below .05.'
      }
      class="certain"
      columns={columns}
      models={models}
      cells={({ statistics }) => (
        <>
          <DifferenceCells difference={statistics!.significance!.clean} />
          <DifferenceCells difference={statistics!.significance!.corrupted} />
          <td class="words">
            <Corruptions ce={statistics!.significance!.ce} />
          </td>
        </>
      )}
    />
  );
}

function DifferenceCells({ difference: test }: { difference?: Significance['clean' | 'corrupted'] }) {
  if (!test) return <MissingCells />;
  const tone = test.p < SIGNIFICANT && (test.difference < 0 ? 'better' : 'worse');
  return (
    <>
      <td class={classes('first figure change', tone)}>{formatPoints(test.difference)}</td>
      <td class="range">{formatPointsInterval(test.interval)}</td>
      <td>{formatP(test.p)}</td>
    </>
  );
}

/** On which corruptions a model is better or worse after all tests are counted. */
function Corruptions({ ce }: Pick<Significance, 'ce'>) {
  const sure = Object.entries(ce).filter(([, { holm }]) => holm < SIGNIFICANT);
  const parts = (['better', 'worse'] as const).flatMap((verb) => {
    const names = sure
      .filter(([, { difference }]) => (verb === 'better' ? difference < 0 : difference > 0))
      .map(([name]) => longName(name).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()));
    return names.length > 0 ? [{ verb, names: listWords(names) }] : [];
  });
  if (parts.length === 0) return <>none</>;
  return (
    <>
      {parts.map(({ verb, names }, index) => (
        <>
          {index > 0 && '; '}
          <span class={verb}>{verb}</span> on {names}
        </>
      ))}
    </>
  );
}

/** Expected calibration error, clean and by corruption. */
function Calibration({ models }: Models) {
  if (models.length === 0) return null;
  const corruptions = BENCHMARK_CORRUPTIONS.filter((name) =>
    models.some(({ statistics }) => statistics!.calibration!.corruptions[name] !== undefined),
  );
  const columns = ['clean', 'corrupted', ...corruptions.map(shortName)].map((title) => ({ title }));
  return (
    <ModelTable
      heading="Calibration error"
      label="Calibration error of every model"
      caption={
        `ECE over ${models[0]!.statistics!.calibration!.bins} equally wide bins: how far a network’s confidence is from ` +
        'the share of its answers that are right, in the mean. 0 is perfect; corrupted: mean over the cells of the benchmark.'
      }
      class="heatmap"
      columns={columns}
      models={models}
      cells={({ statistics }) => {
        const { clean, corrupted, corruptions: ece } = statistics!.calibration!;
        const errors = [clean, corrupted, ...corruptions.map((name) => ece[name])];
        return errors.map((error, index) => <EceCell error={error} first={index === 2} />);
      }}
    />
  );
}

function EceCell({ error, first }: { error: number | undefined; first: boolean }) {
  if (error === undefined) return <td class="missing">{MISSING}</td>;
  return (
    <td class={classes('heat', first && 'first')} style={`--e:${Math.round(error * 200)}`}>
      {formatFraction(error)}
    </td>
  );
}
