import { z } from 'zod';

/** PCL's options; the defaults are those of PCL v2 on ImageNet (Li et al., ICLR 2021, and the code published with it). */
export const pclSchema = z.strictObject({
  /** Seed of everything that the method draws. */
  seed: z.int().min(0).default(0),
  /** τ: what similarities are divided by, and the mean of the concentrations. */
  temperature: z.number().positive().default(0.2),
  /** K: keys of earlier batches that serve as negatives; a multiple of the batch. */
  queue: z.int().positive().default(16384),
  /** The share of its old weights that the momentum encoder keeps at each update. */
  momentum: z.number().min(0).max(1).default(0.999),
  /** k of each granularity: how many clusters the E-step makes; the paper has 25,000, 50,000 and 100,000. */
  granularities: z.array(z.int().positive()).min(1),
  /** Epochs with InfoNCE alone. */
  warmupEpochs: z.int().min(0).default(20),
  /** How many negative prototypes to draw at each granularity; all others by default, 16,000 in the paper. */
  prototypeNegatives: z.int().positive().optional(),
  /** What the prototype term is multiplied by. */
  prototypeWeight: z.number().min(0).default(1),
  /** Images of one cluster in a batch: one column of the softmax, or one each as in the original code. */
  duplicates: z.enum(['merge', 'keep']).default('merge'),
  /** Whether each view is once the query and once the key; the loss is the mean of both. */
  symmetric: z.boolean().default(false),
  /**
   * Parts of the batch that batch norm sees by themselves, those of the keys shuffled, so that a query
   * cannot tell its key by the statistics they share. The published runs had one on each of 8 GPUs.
   */
  batchNormSplits: z.int().positive().default(8),
  /** The E-step. */
  expectation: z
    .strictObject({
      /** Also every so many steps within an epoch; at its start alone by default. */
      everySteps: z.int().positive().optional(),
      /** Of k-means. */
      iterations: z.int().positive().default(20),
      /** Starts of k-means, of which the best is taken. */
      redo: z.int().positive().default(5),
      minPointsPerCentroid: z.int().positive().default(10),
      maxPointsPerCentroid: z.int().positive().default(1000),
      /** α: smooths the concentration of small clusters. */
      alpha: z.number().positive().default(10),
      /** Percentiles that concentrations are clipped to. */
      clip: z.tuple([z.number().min(0).max(100), z.number().min(0).max(100)]).default([10, 90]),
      /** How nearest centroids are found: on the active engine, or by faiss in a process of its own. */
      assigner: z.enum(['tensor', 'faiss-node']).default('tensor'),
      /** Begins k-means once, at the prototypes before, with fewer iterations. Not in the paper. */
      warmStart: z.strictObject({ iterations: z.int().positive().default(5) }).optional(),
    })
    .prefault({}),
});

export type PclOptions = z.input<typeof pclSchema>;
export type ParsedPcl = z.output<typeof pclSchema>;

/** A value that cannot work with what it meets. */
export interface OptionProblem {
  /** The option's key, such as `granularities.2`. */
  readonly path: string;
  readonly message: string;
  readonly given: unknown;
  readonly expected: string;
  readonly remedy: string;
}

/**
 * What in PCL's options cannot work with a data set of `size` images in batches of `batchSize`: nothing,
 * if the list is empty. Looks at numbers alone, so that it can be asked before anything is loaded.
 */
export function pclProblems(
  { queue, granularities, prototypeNegatives, batchNormSplits }: ParsedPcl,
  { size, batchSize }: { readonly size: number; readonly batchSize: number },
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
  for (const [index, k] of granularities.entries()) {
    if (k <= size) continue;
    problems.push({
      path: `granularities.${index}`,
      message: 'there are more clusters than images',
      given: k,
      expected: `at most ${size}`,
      remedy: 'Ask for fewer clusters; at least ten images to each are usual',
    });
  }
  // A batch may hold that many different positives, which are then no negatives.
  const available = Math.min(...granularities) - batchSize;
  if (prototypeNegatives !== undefined && prototypeNegatives > available) {
    problems.push({
      path: 'prototypeNegatives',
      message: 'there are not that many prototypes besides those of a batch',
      given: prototypeNegatives,
      expected: `at most ${Math.max(0, available)}, the smallest granularity less the batch`,
      remedy: 'Leave it out to take all prototypes',
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
