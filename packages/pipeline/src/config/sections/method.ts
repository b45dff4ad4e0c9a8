import * as z from 'zod';

import { count, notNegative, positive } from './numbers.js';

const clusteringSchema = z.strictObject({
  iterations: count.default(20).describe('Iterations of one k-means.'),
  redo: count.default(5).describe('Starts of k-means, of which the best counts.'),
  minPointsPerCentroid: count.default(10).describe('Fewer images for each cluster than this are warned of.'),
  maxPointsPerCentroid: count.default(1000).describe('k-means sees at most so many images for each cluster.'),
  warmStart: z
    .boolean()
    .default(false)
    .describe('Start from the last centroids; faster, but not the published procedure.'),
  assigner: z
    .enum(['tensor', 'faiss-node'])
    .default('tensor')
    .describe('Who searches the nearest centroids.'),
  everySteps: count.optional().describe('Cluster every so many steps; once an epoch by default.'),
});

/** Prototypical contrastive learning (Li et al., ICLR 2021). */
export const methodSchema = z.strictObject({
  kind: z.literal('pcl').default('pcl'),
  temperature: positive.default(0.2).describe('Of InfoNCE, and the mean of the concentrations.'),
  queue: count.default(16_384).describe('Keys that are kept as negatives.'),
  momentum: z.number().min(0).lt(1).default(0.999).describe('Of the momentum encoder.'),
  warmupEpochs: z.int().min(0).default(20).describe('Epochs of InfoNCE alone.'),
  granularities: z
    .array(z.int().min(1))
    .min(1)
    .default([25_000, 50_000, 100_000])
    .describe('The number of clusters of each clustering.'),
  prototypeNegatives: z
    .int()
    .min(1)
    .optional()
    .describe('Prototypes drawn as negatives; all others by default.'),
  prototypeWeight: notNegative.default(1).describe('Of the prototype terms beside InfoNCE.'),
  duplicates: z
    .enum(['merge', 'keep'])
    .default('merge')
    .describe('keep: two images of one cluster in a batch are each other’s negatives, as originally.'),
  alpha: positive.default(10).describe('Smooths the concentration of small clusters.'),
  clip: z
    .tuple([z.number().min(0).max(100), z.number().min(0).max(100)])
    .default([10, 90])
    .describe('Percentiles to which concentrations are clipped.'),
  symmetric: z.boolean().default(false).describe('Whether each view is the query once.'),
  batchNorm: z
    .strictObject({
      splits: count.default(8).describe('Parts of a batch that are normalised by themselves.'),
      shuffle: z.boolean().default(true).describe('Whether the keys are shuffled over the parts.'),
    })
    .prefault({})
    .describe('How the keys’ batch norm is kept from giving the answer away.'),
  clustering: clusteringSchema.prefault({}).describe('The E-step’s k-means.'),
});

export type MethodConfig = z.output<typeof methodSchema>;
