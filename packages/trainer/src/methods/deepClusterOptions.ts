import { z } from 'zod';

import type { OptionProblem, SourceSize } from './optionProblem.js';

/** DeepCluster's options; the defaults are those of the paper for ImageNet (Caron et al., ECCV 2018). */
export const deepClusterSchema = z.strictObject({
  /** Seed of everything that the method draws. */
  seed: z.int().min(0).default(0),
  /** k: how many clusters, and so pseudo-labels, there are. */
  clusters: z.int().min(2).default(10_000),
  /** Principal components that whitened features are clustered by: fewer where there are fewer values, or images. */
  components: z.int().positive().default(256),
  /** Epochs from one clustering to the next. */
  everyEpochs: z.int().positive().default(1),
  /** How the images of an epoch are drawn: as many of each cluster, or each image once. */
  sampling: z.enum(['uniform', 'all']).default('uniform'),
  /** The layer from features to pseudo-labels, which begins anew with each clustering. */
  classifier: z
    .strictObject({
      /** Of plain SGD, as its gradients begin anew too. */
      learningRate: z.number().positive().default(0.05),
      weightDecay: z.number().min(0).default(1e-5),
    })
    .prefault({}),
  /** k-means. */
  clustering: z
    .strictObject({
      iterations: z.int().positive().default(20),
      redo: z.int().positive().default(1),
      minPointsPerCentroid: z.int().positive().default(10),
      maxPointsPerCentroid: z.int().positive().default(1000),
      /** How nearest centroids are found: on the active engine, or by faiss in a process of its own. */
      assigner: z.enum(['tensor', 'faiss-node']).default('tensor'),
    })
    .prefault({}),
});

export type DeepClusterOptions = z.input<typeof deepClusterSchema>;
export type ParsedDeepCluster = z.output<typeof deepClusterSchema>;

/** What in DeepCluster's options cannot work with a data set of `size` images: nothing, if the list is empty. */
export function deepClusterProblems({ clusters }: ParsedDeepCluster, { size }: SourceSize): OptionProblem[] {
  if (clusters <= size) return [];
  return [
    {
      path: 'clusters',
      message: 'there are more clusters than images',
      given: clusters,
      expected: `at most ${size}`,
      remedy: 'Ask for fewer clusters; at least ten images to each are usual',
    },
  ];
}
