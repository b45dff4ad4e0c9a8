import type { Config } from '../config/schema.js';
import { skippedInWords, type SkippedImages } from '../data/skippedImages.js';
import type { GranularityPurity } from './prototypePurity.js';
import type { Metrics } from './metrics.js';
import { stagesOf } from './stages.js';

/** A score of the encoder at the stages of a run; null where it was not measured, or could not be. */
export interface StageScores {
  readonly random: number | null;
  /** After InfoNCE alone. */
  readonly warmup: number | null;
  readonly final: number | null;
}

/** What a run comes to, as `summary.json` has it. */
export interface RunSummary {
  readonly status: 'completed' | 'stopped';
  /** Absolute. */
  readonly folder: string;
  /** The last checkpoint, absolute. */
  readonly checkpoint: string | null;
  readonly epochs: number;
  /** Accuracy of weighted k nearest neighbours on held-out images, 0 .. 1. */
  readonly knn: StageScores;
  /** Accuracy of a linear classifier on the frozen features, 0 .. 1. */
  readonly linear: StageScores;
  /**
   * The share of training images whose class is the commonest of their cluster, of the clustering with
   * the fewest clusters; null without classes or prototypes.
   */
  readonly purity: number | null;
  /** The same of every clustering; it grows with the number of clusters. */
  readonly purities: readonly GranularityPurity[];
  /** Images that this process left out since they could not be used, and why. */
  readonly skipped: SkippedImages;
  /** Of the M-steps that this process trained. */
  readonly imagesPerSecond: number | null;
  /** From start to end, of this process. */
  readonly minutes: number;
  /** The most that was resident in memory. */
  readonly peakMemoryBytes: number;
  readonly backend: string;
  readonly seed: number;
}

/** The scores of one figure at the stages of a run. */
export function stageScores(figure: string, { evaluations }: Metrics, config: Config): StageScores {
  const at = (epoch: number | undefined) => {
    const score = evaluations.find((evaluation) => evaluation.epoch === epoch)?.figures[figure];
    return score === undefined || Number.isNaN(score) ? null : score;
  };
  const { random, warmup, final } = stagesOf(config);
  return { random: at(random), warmup: at(warmup), final: at(final) };
}

/** The summary as lines for people. */
export function summaryInWords({ status, knn, linear, purities, skipped, ...rest }: RunSummary): string {
  const percent = (share: number | null) =>
    (share === null ? '-' : `${(100 * share).toFixed(1)}%`).padStart(8);
  const scores = ([name, { random, warmup, final }]: readonly [string, StageScores]) =>
    `${name.padEnd(18)}${percent(random)}${percent(warmup)}${percent(final)}`;
  const figures: [string, string][] = [
    ['images/s', rest.imagesPerSecond === null ? '-' : rest.imagesPerSecond.toFixed(0)],
    ['minutes', rest.minutes.toFixed(2)],
    ['peak memory', `${(rest.peakMemoryBytes / 2 ** 20).toFixed(0)} MiB`],
    ['backend', rest.backend],
    ['seed', String(rest.seed)],
    ['run folder', rest.folder],
  ];
  const shares = purities.map(({ k, purity }) => `${(100 * purity).toFixed(1)}% (k=${k})`);
  if (shares.length > 0) figures.unshift(['cluster purity', shares.join(', ')]);
  if (skipped.count > 0) figures.push(['left out', leftOut(skipped)]);
  return [
    '',
    `${''.padEnd(18)}${['random', 'warm-up', status === 'completed' ? 'final' : '-'].map((name) => name.padStart(8)).join('')}`,
    scores(['kNN accuracy', knn]),
    scores(['linear accuracy', linear]),
    '',
    ...figures.map(([name, value]) => `${name.padEnd(18)}${value}`),
  ].join('\n');
}

/** Images that a line names. */
const MOST_NAMED = 3;

function leftOut({ count, images }: SkippedImages): string {
  const named = images.slice(0, MOST_NAMED).map(skippedInWords).join(', ');
  const others = count > MOST_NAMED ? ', and others that summary.json names' : '';
  return `${count} ${count === 1 ? 'image' : 'images'}: ${named}${others}`;
}
