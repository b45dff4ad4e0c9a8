import { availableParallelism } from 'node:os';

import type { ReportInput, ScoreTable } from '@protocl/report';

import { report } from '../commands/report.js';
import type { Comparison } from './comparison.js';
import type { ComparisonTable } from './comparisonTable.js';
import type { PlannedRun } from './planRuns.js';

export interface ComparisonReportOptions {
  /** Whether to look at the encoders. */
  readonly encoder: boolean;
  /** Images of each run to look at. */
  readonly points: number;
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes `report.html`: the first run of each arm that is done, side by side, under the name of the arm and
 * with the figures of all its runs.
 *
 * @param runs all that are planned
 * @returns the path of the page; undefined where no run is done
 */
export async function writeComparisonReport(
  folder: string,
  runs: readonly PlannedRun[],
  { arms, seeds }: Comparison,
  { columns, rows }: ComparisonTable,
  { encoder, points, log, signal }: ComparisonReportOptions,
): Promise<string | undefined> {
  const shown = arms.flatMap(({ name, runs: [first] }) => {
    const run = runs.find(({ arm, seed }) => arm === name && seed === first?.seed);
    return run ? [run] : [];
  });
  if (shown.length === 0) return undefined;
  const whole: ScoreTable = {
    title: 'all arms',
    protocol: `mean ± standard deviation over runs with seeds ${seeds.join(', ')}`,
    columns,
    rows: rows.map(({ arm, cells }) => ({ name: arm, values: cells })),
  };
  const present = (input: ReportInput, index: number): ReportInput => ({
    ...input,
    name: shown[index]!.arm,
  });
  const { page } = await report(
    shown.map((run) => run.folder),
    {
      out: folder,
      encoder,
      present,
      overview: [whole],
      // Nothing else is going on any more.
      changes: [{ origin: 'report', values: { engine: { threads: availableParallelism() } } }],
      points,
      ...(log && { log }),
      ...(signal && { signal }),
    },
  );
  return page;
}
