/** All that a report says, worked out; HTML and Markdown only write it down. */

import type { Comparison } from '../comparison.ts';
import type { ChosenGroup, EncodedFailure } from '../evidence/failures.ts';
import type { EncodedStrip } from '../evidence/samples.ts';
import type { Figures } from '../figures.ts';
import type { ClassTable } from './classes.ts';
import type { Headline } from './headline.ts';
import type { Provenance } from './provenance.ts';
import type { MetricRow, ResultTable } from './results-table.ts';

export interface ReportContent {
  readonly title: string;
  /** What was measured, in a line above the title. */
  readonly kicker: string;
  readonly comparison: Comparison;
  readonly headline: Headline;
  readonly table: ResultTable;
  readonly tableNotes: readonly string[];
  readonly metrics: readonly MetricRow[];
  readonly figures: Figures;
  readonly strip?: EncodedStrip;
  /** Errors class by class, of the models whose answers to single images are known. */
  readonly classes?: ClassTable;
  /** Single images on which models fail. */
  readonly failures: readonly ChosenGroup<EncodedFailure>[];
  /** Why a figure is left out, in plain words. */
  readonly omissions: readonly string[];
  readonly provenance: Provenance;
  readonly version: string;
}
