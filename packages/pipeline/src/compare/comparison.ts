import { relative } from 'node:path';

import type { EvaluatorName } from '../commands/evaluate.js';
import { failureReason } from '../evaluation/failures.js';
import type { Grid } from './openGrid.js';
import type { PlannedRun } from './planRuns.js';
import { runFigures } from './runFigures.js';
import { readFinished } from './runState.js';
import { spreadOf, type Spread } from './spread.js';

/** What the runs of a comparison came to, as `comparison.json` has it. */
export interface Comparison {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly evaluators: readonly EvaluatorName[];
  readonly arms: readonly ArmComparison[];
}

/** The runs of one arm. */
export interface ArmComparison {
  readonly name: string;
  /** Those that are done. */
  readonly runs: readonly ComparedRun[];
  /** Over those runs. */
  readonly figures: Readonly<Record<string, Spread>>;
}

export interface ComparedRun {
  readonly seed: number;
  /** Within that of the comparison. */
  readonly folder: string;
  /** See {@link runFigures}. */
  readonly figures: Readonly<Record<string, number>>;
  /** Of evaluators that could not judge it, the reason; undefined where all could. */
  readonly failures?: Readonly<Partial<Record<EvaluatorName, string>>>;
}

/** Gathers the results of all runs that are done. */
export async function comparisonOf(
  { name, seeds, evaluators, arms }: Grid,
  runs: readonly PlannedRun[],
  folder: string,
): Promise<Comparison> {
  const compared: ArmComparison[] = [];
  for (const arm of arms) {
    const done: ComparedRun[] = [];
    for (const run of runs) {
      const finished = run.arm === arm.name ? await readFinished(run, evaluators) : undefined;
      if (!finished) continue;
      const figures = await runFigures(run.folder, finished);
      const failures = Object.entries(finished.scores.failures ?? {}).map(([evaluator, error]) => [
        evaluator,
        failureReason(evaluator as EvaluatorName, error),
      ]);
      done.push({
        seed: run.seed,
        folder: relative(folder, run.folder).replaceAll('\\', '/'),
        figures,
        ...(failures.length > 0 && {
          failures: Object.fromEntries(failures) as ComparedRun['failures'] & {},
        }),
      });
    }
    const names = new Set(done.flatMap(({ figures }) => Object.keys(figures)));
    const spreads = [...names].map((figure) => {
      const values = done.flatMap(({ figures }) => figures[figure] ?? []);
      return [figure, spreadOf(values)] as const;
    });
    compared.push({ name: arm.name, runs: done, figures: Object.fromEntries(spreads) });
  }
  return { name, seeds, evaluators, arms: compared };
}
