import { z } from 'zod';

import { contrastProblems, contrastShape } from './contrastOptions.js';
import type { OptionProblem, SourceSize } from './optionProblem.js';

/** PCL's options; the defaults are those of PCL v2 on ImageNet (Li et al., ICLR 2021, and the code published with it). */
export const pclSchema = z.strictObject({
  ...contrastShape,
  /** τ: what similarities are divided by, and the mean of the concentrations. */
  temperature: contrastShape.temperature,
  /** K: keys of earlier batches that serve as negatives; a multiple of the batch. */
  queue: contrastShape.queue.unwrap().default(16384),
  /** k of each granularity: how many clusters the E-step makes; the paper has 25,000, 50,000 and 100,000. */
  granularities: z.array(z.int().positive()).min(1),
  /** Epochs with InfoNCE alone. */
  warmupEpochs: z.int().min(0).default(20),
  /** How many negative prototypes to draw at each granularity; all others by default, 16,000 in the paper. */
  prototypeNegatives: z.int().positive().optional(),
  /** What InfoNCE is multiplied by; 0 leaves the prototype term alone after the warm-up. */
  instanceWeight: z.number().min(0).default(1),
  /** What the prototype term is multiplied by; 0 is InfoNCE alone to the end, without E-steps. */
  prototypeWeight: z.number().min(0).default(1),
  /** Images of one cluster in a batch: one column of the softmax, or one each as in the original code. */
  duplicates: z.enum(['merge', 'keep']).default('merge'),
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
      /** φ: estimated for each cluster, or the temperature for all of them. */
      concentration: z.enum(['estimated', 'fixed']).default('estimated'),
      /** α: smooths the concentration of small clusters. */
      alpha: z.number().positive().default(10),
      /** Percentiles that concentrations are clipped to. */
      clip: z
        .tuple([z.number().min(0).max(100), z.number().min(0).max(100)])
        .refine(([low, high]) => low <= high, { error: 'the lower percentile comes first: [low, high]' })
        .default([10, 90]),
      /** How nearest centroids are found: on the active engine, or by faiss in a process of its own. */
      assigner: z.enum(['tensor', 'faiss-node']).default('tensor'),
      /** Begins k-means once, at the prototypes before, with fewer iterations. Not in the paper. */
      warmStart: z.strictObject({ iterations: z.int().positive().default(5) }).optional(),
    })
    .prefault({}),
});

export type PclOptions = z.input<typeof pclSchema>;
export type ParsedPcl = z.output<typeof pclSchema>;

/**
 * What in PCL's options cannot work with a data set of `size` images in batches of `batchSize`: nothing,
 * if the list is empty. Looks at numbers alone, so that it can be asked before anything is loaded.
 */
export function pclProblems(options: ParsedPcl, source: SourceSize): OptionProblem[] {
  const { granularities, prototypeNegatives, instanceWeight, prototypeWeight } = options;
  const { size, batchSize } = source;
  const problems = contrastProblems(options, source);
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
  if (instanceWeight === 0 && prototypeWeight === 0) {
    problems.push({
      path: 'prototypeWeight',
      message: 'nothing would be learned after the warm-up',
      given: prototypeWeight,
      expected: 'a weight above 0, as instanceWeight is 0',
      remedy: 'Raise one of the two weights',
    });
  }
  return problems;
}
