import * as z from 'zod';

import { count, notNegative, positive, share } from './numbers.js';

const common = {
  learningRate: positive.describe('For one step, at the schedule’s peak.'),
  weightDecay: notNegative.default(1e-4),
  decayNormAndBias: z
    .boolean()
    .default(true)
    .describe('Whether weight decay also acts on batch norm and biases.'),
};
const momentum = z.number().min(0).lt(1).default(0.9);

/** What turns gradients into changes of the weights. */
export const optimizerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    ...common,
    momentum,
    nesterov: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('lars'),
    ...common,
    momentum,
    trustCoefficient: positive.default(0.001),
  }),
  z.strictObject({
    kind: z.literal('adamW'),
    ...common,
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: positive.default(1e-8),
  }),
]);

const warmupEpochs = notNegative
  .default(0)
  .describe('Epochs in which the learning rate rises from 0; fractions are allowed.');

/** How the learning rate changes. */
export const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), warmupEpochs }),
  z.strictObject({
    kind: z.literal('step'),
    warmupEpochs,
    milestones: z.array(count).min(1).describe('Epochs after which the learning rate is multiplied.'),
    factor: positive.default(0.1),
  }),
  z.strictObject({
    kind: z.literal('cosine'),
    warmupEpochs,
    finalShare: share.default(0).describe('What is left of the learning rate in the end.'),
  }),
]);

/** How long and with how many images a step. */
export const trainingSchema = z.strictObject({
  epochs: count.describe('Passes over the training images.'),
  batchSize: z.int().min(2).default(256).describe('Images of a batch.'),
  accumulate: count.default(1).describe('Batches whose gradients make one step.'),
});

export type OptimizerConfig = z.output<typeof optimizerSchema>;
export type ScheduleConfig = z.output<typeof scheduleSchema>;
