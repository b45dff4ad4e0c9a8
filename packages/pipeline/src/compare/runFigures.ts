import { join } from 'node:path';

import { exists } from '../run/exists.js';
import { readJsonLines } from '../run/jsonLines.js';
import type { FinishedRun } from './runState.js';

/**
 * The numbers that a run is compared by: each score as `EVALUATOR.SCORE`, such as `linear.accuracy` and
 * `clusters.purity@10`; `minutes` of training, over all processes that worked on it, what a killed one
 * had to do again included; and of the last of them `imagesPerSecond` and `peakMemoryBytes`.
 */
export async function runFigures(
  folder: string,
  { summary, scores }: FinishedRun,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [evaluator, { scores: found }] of Object.entries(scores.evaluations)) {
    for (const [name, value] of Object.entries(found)) figures[`${evaluator}.${name}`] = value;
  }
  figures['minutes'] = summary.minutes + (await earlierMinutes(join(folder, 'log.jsonl')));
  if (summary.imagesPerSecond !== null) figures['imagesPerSecond'] = summary.imagesPerSecond;
  figures['peakMemoryBytes'] = summary.peakMemoryBytes;
  return figures;
}

/**
 * What all processes but the last took: each from its first entry to its last one. As a log is only a log,
 * one that was lost tells of none of them.
 */
async function earlierMinutes(log: string): Promise<number> {
  if (!(await exists(log))) return 0;
  let minutes = 0;
  let first: number | undefined;
  let last = 0;
  for await (const { type, time } of readJsonLines(log)) {
    const at = Date.parse(String(time));
    if (Number.isNaN(at)) continue;
    if (type === 'run') {
      if (first !== undefined) minutes += (last - first) / 60_000;
      first = at;
    }
    last = at;
  }
  return minutes;
}
