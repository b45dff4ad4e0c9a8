import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '@protocl/core';

import type { Comparison } from './comparison.js';
import { writeComparisonReport } from './comparisonReport.js';
import { markdownOf, tableOf } from './comparisonTable.js';
import type { PlannedRun } from './planRuns.js';

/** How the page of a comparison is made. */
export interface ComparisonPageOptions {
  /** Whether the page shows what the encoders have learned; true by default. */
  readonly encoder?: boolean;
  /** Images of each run that it looks at; 2000 by default. */
  readonly points?: number;
  /** Receives a line at a time. */
  readonly log?: (line: string) => void;
  /** Ends the work on the page by an error. */
  readonly signal?: AbortSignal;
}

/**
 * Writes `comparison.json`, `comparison.md` and `report.html`, unless they are there already, of the same
 * figures and a page that was made in the same way.
 *
 * @param runs all that are planned
 * @returns the path of the page; undefined where no run is done
 */
export async function writeComparison(
  folder: string,
  runs: readonly PlannedRun[],
  comparison: Comparison,
  { encoder = true, points = 2000, log, signal }: ComparisonPageOptions,
): Promise<string | undefined> {
  const file = join(folder, 'comparison.json');
  const page = join(folder, 'report.html');
  const text = `${JSON.stringify({ ...comparison, page: { encoder, points } }, null, 2)}\n`;
  const before = await readFile(file, 'utf8').catch(() => undefined);
  const hasPage = await stat(page).then(
    () => true,
    () => false,
  );
  if (before === text && hasPage) return page;
  const { name, seeds } = comparison;
  const table = tableOf(comparison);
  const heading = `# ${name}\n\nMean ± standard deviation over runs with seeds ${seeds.join(', ')}.\n`;
  await writeFileAtomic(join(folder, 'comparison.md'), `${heading}\n${markdownOf(table)}\n`);
  const written = await writeComparisonReport(folder, runs, comparison, table, {
    encoder,
    points,
    ...(log && { log }),
    ...(signal && { signal }),
  });
  // Last: once it is there, nothing is written again.
  await writeFileAtomic(file, text);
  return written;
}
