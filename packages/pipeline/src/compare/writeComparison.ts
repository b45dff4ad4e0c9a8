import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '@protocl/core';

import { exists } from '../run/exists.js';
import type { Comparison } from './comparison.js';
import { writeComparisonReport } from './comparisonReport.js';
import { markdownOf, missingIn, tableOf } from './comparisonTable.js';
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
 * @returns the table in Markdown, with what is missing in it and why, and the path of the page, which is undefined where no run is done
 */
export async function writeComparison(
  folder: string,
  runs: readonly PlannedRun[],
  comparison: Comparison,
  { encoder = true, points = 2000, log, signal }: ComparisonPageOptions,
): Promise<{ readonly table: string; readonly page: string | undefined }> {
  const file = join(folder, 'comparison.json');
  const text = `${JSON.stringify({ ...comparison, page: { encoder, points } }, null, 2)}\n`;
  const before = await readFile(file, 'utf8').catch(() => undefined);
  const cells = tableOf(comparison);
  const missing = missingIn(comparison).map((line) => `- ${line}`);
  const table = [markdownOf(cells), ...(missing.length > 0 ? ['', ...missing] : [])].join('\n');
  const there = join(folder, 'report.html');
  if (before === text && (await exists(there))) return { table, page: there };
  const { name, seeds } = comparison;
  const heading = `# ${name}\n\nMean ± standard deviation over runs with seeds ${seeds.join(', ')}.\n`;
  await writeFileAtomic(join(folder, 'comparison.md'), `${heading}\n${table}\n`);
  const page = await writeComparisonReport(folder, runs, comparison, cells, {
    encoder,
    points,
    ...(log && { log }),
    ...(signal && { signal }),
  });
  // Last: once it is there, nothing is written again.
  await writeFileAtomic(file, text);
  return { table, page };
}
