import { BACKEND_NAMES } from '@protocl/backend';
import { checkpointsSchema as folderSchema } from '@protocl/trainer';
import * as z from 'zod';

import { orAuto, type Chosen } from './automatic.js';
import { count, notNegative, positive, share } from './numbers.js';

/** Which checkpoints are written and kept; where is the run's affair. */
export const checkpointsSchema = folderSchema.omit({ folder: true });

/** How the encoder is judged on held-out images. */
export const evaluationSchema = z.strictObject({
  everyEpochs: count.default(10).describe('Epochs from one evaluation to the next.'),
  atStart: z.boolean().default(false).describe('Whether the random encoder is evaluated too.'),
  features: z
    .enum(['backbone', 'head'])
    .default('backbone')
    .describe('Features after the average pooling, or after the projection head.'),
  batchSize: count.default(500).describe('Images that are encoded at once.'),
  trainLimit: count.optional().describe('Use only so many training images to compare with.'),
  testLimit: count.optional().describe('Judge only on so many held-out images.'),
  knn: z
    .strictObject({
      k: orAuto(count).default(200).describe('Neighbours that vote, or auto.'),
      temperature: positive.default(0.1).describe('Votes weigh exp(similarity / temperature).'),
    })
    .prefault({})
    .describe('Weighted k nearest neighbours (Wu et al., CVPR 2018).'),
  linear: z
    .strictObject({
      when: z
        .enum(['never', 'end', 'stages'])
        .default('end')
        .describe('stages: of the random encoder if that is evaluated, after the warm-up and at the end.'),
      l2: notNegative.default(1e-4).describe('Weight of half the squared norm beside the mean loss.'),
      iterations: count.default(100).describe('At most so many steps of L-BFGS.'),
    })
    .prefault({})
    .describe('Logistic regression on the frozen features.'),
  svm: z
    .strictObject({
      cost: z
        .union([positive, z.array(positive).min(1)])
        .optional()
        .describe(
          'C, or several to choose from for each class; those of the published evaluations by default.',
        ),
      folds: z.int().min(2).default(3).describe('Of the cross-validation that chooses C.'),
    })
    .prefault({})
    .describe('Linear support vector machines (Goyal et al., ICCV 2019).'),
  lowShot: z
    .strictObject({
      shots: z.array(count).min(1).default([1, 2, 4, 8, 16]).describe('Images of each class.'),
      draws: z.int().min(2).default(5).describe('Of those images, each with machines of its own.'),
      cost: positive.default(0.5).describe('C of these machines.'),
    })
    .prefault({})
    .describe('Such machines on few images of each class.'),
  linearProtocol: z
    .strictObject({
      epochs: count.default(100).describe('The rate falls to a tenth after 60% and 80% of them.'),
      batchSize: count.default(256).describe('Images of a step.'),
      learningRate: positive.default(5).describe('At the start.'),
    })
    .prefault({})
    .describe('A linear classifier that learns from random views (He et al., CVPR 2020).'),
  semiSupervised: z
    .strictObject({
      shares: z.array(share).min(1).default([0.01, 0.1]).describe('Of the labels, each in its own training.'),
      epochs: count.default(20).describe('The rates fall to a fifth after 60% and 80% of them.'),
      batchSize: count.default(256).describe('Images of a step.'),
    })
    .prefault({})
    .describe('The encoder trained on with few labels.'),
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
  float32Precision: z
    .enum(['highest', 'high'])
    .optional()
    .describe('On CUDA: in full (highest), or TF32 in products and convolutions (high).'),
  cudnnBenchmark: z.boolean().optional().describe('On CUDA: cuDNN tries its algorithms at each new shape.'),
});

export type EvaluationConfig = Chosen<z.output<typeof evaluationSchema>>;
