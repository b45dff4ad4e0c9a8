import { z } from 'zod';

import type { OptionProblem, SourceSize } from './optionProblem.js';

/** What MoCo and PCL have in common; the defaults are those of version 2 of both on ImageNet. */
export const contrastShape = {
  /** Seed of everything that the method draws. */
  seed: z.int().min(0).default(0),
  /** τ: what similarities are divided by. */
  temperature: z.number().positive().default(0.2),
  /** K: keys of earlier batches that serve as negatives; a multiple of the batch. */
  queue: z.int().positive().default(65536),
  /** The share of its old weights that the momentum encoder keeps at each update. */
  momentum: z.number().min(0).max(1).default(0.999),
  /** Whether each view is once the query and once the key. The loss is the mean of both; MoCo's code for it has the sum. */
  symmetric: z.boolean().default(false),
  /**
   * Parts of the batch that batch norm sees by themselves, those of the keys shuffled, so that a query
   * cannot tell its key by the statistics they share. The published runs had one on each of 8 GPUs. The
   * statistics for evaluation take in one part after the other, and so forget as many times as fast.
   */
  batchNormSplits: z.int().positive().default(8),
};

/** What is impossible about the queue and the parts of a batch. */
export function contrastProblems(
  { queue, batchNormSplits }: { readonly queue: number; readonly batchNormSplits: number },
  { batchSize }: SourceSize,
): OptionProblem[] {
  const problems: OptionProblem[] = [];
  if (queue % batchSize !== 0) {
    problems.push({
      path: 'queue',
      message: 'the queue is not a multiple of the batch',
      given: queue,
      expected: `a multiple of ${batchSize}`,
      remedy: `Use ${Math.max(1, Math.round(queue / batchSize)) * batchSize}`,
    });
  }
  if (batchSize % batchNormSplits !== 0 || batchSize / batchNormSplits < 2) {
    problems.push({
      path: 'batchNormSplits',
      message: 'the batch cannot be split like that',
      given: batchNormSplits,
      expected: `a divisor of ${batchSize} that leaves at least 2 images in each part`,
      remedy: `Use ${largestSplits(batchSize, batchNormSplits)}`,
    });
  }
  return problems;
}

function largestSplits(batchSize: number, most: number): number {
  for (let splits = most; splits > 1; splits--) {
    if (batchSize % splits === 0 && batchSize / splits >= 2) return splits;
  }
  return 1;
}
