import { BACKEND_NAMES } from '@protocl/backend';
import * as z from 'zod';

import { count, notNegative, positive } from './numbers.js';

/** Which checkpoints are written and kept. */
export const checkpointsSchema = z.strictObject({
  everyEpochs: count.default(1).describe('Epochs from one checkpoint to the next.'),
  everySteps: count.optional().describe('Also one every so many steps.'),
  last: count.default(2).describe('How many of the newest are kept.'),
  best: z.boolean().default(true).describe('Whether the one with the best kNN accuracy is kept as well.'),
  keepEveryEpochs: count.optional().describe('Keep one for good every so many epochs.'),
});

/** How the encoder is judged on held-out images. */
export const evaluationSchema = z.strictObject({
  everyEpochs: z.int().min(0).default(10).describe('Epochs from one kNN to the next; 0: only at the end.'),
  features: z
    .enum(['backbone', 'head'])
    .default('backbone')
    .describe('Features after the average pooling, or after the projection head.'),
  batchSize: count.default(500).describe('Images that are encoded at once.'),
  trainLimit: count.optional().describe('Use only so many training images as neighbours.'),
  testLimit: count.optional().describe('Judge only on so many held-out images.'),
  knn: z
    .strictObject({
      k: count.default(200).describe('Neighbours that vote.'),
      temperature: positive.default(0.1).describe('Votes weigh exp(similarity / temperature).'),
    })
    .prefault({})
    .describe('Weighted k nearest neighbours (Wu et al., CVPR 2018).'),
  linear: z
    .strictObject({
      atEnd: z.boolean().default(true).describe('Whether training ends with a linear probe.'),
      l2: notNegative.default(1e-4).describe('Weight of half the squared norm, per image.'),
      iterations: count.default(100).describe('At most so many steps of L-BFGS.'),
    })
    .prefault({})
    .describe('Logistic regression on the frozen features.'),
});

/** What computes. */
export const engineSchema = z.strictObject({
  backend: z
    .enum(['auto', ...BACKEND_NAMES])
    .default('auto')
    .describe('The TensorFlow.js backend.'),
  device: z
    .string()
    .regex(/^(cpu|mps|cuda(:\d+)?)$/, 'expected cpu, cuda, cuda:N or mps')
    .optional()
    .describe('Of the backend torch: cpu, cuda, cuda:N or mps.'),
  threads: count.optional().describe('Threads of one operation.'),
  memoryLimit: count.optional().describe('Bytes of tensors at which the backend torch gives up.'),
});

export type EvaluationConfig = z.output<typeof evaluationSchema>;
export type EngineConfig = z.output<typeof engineSchema>;
