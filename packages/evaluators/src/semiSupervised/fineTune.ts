import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import type * as tf from '@tensorflow/tfjs-core';

import { requirePositive } from '../checks.js';
import type { Evaluation } from '../evaluation.js';
import { crossEntropy } from './crossEntropy.js';
import { featureSize } from './featureSize.js';
import type { LabelledSplits, TrainableEncoder } from './images.js';
import { judge } from './judge.js';
import { learn, LEARNING_OPTIONS, requireLearning, type LearningOptions } from './learn.js';
import { scheduleSettings } from './learningRates.js';
import { createLinearClassifier } from './linearClassifier.js';
import { groupedSgd } from './sgd.js';

export interface FineTuneOptions extends LearningOptions {
  /** Of the encoder, for batches of 256 images. Default 0.01. */
  readonly encoderLearningRate?: number;
  /** Of the new classifier. Default 0.1. */
  readonly classifierLearningRate?: number;
}

const OPTIONS: OptionNames<FineTuneOptions> = {
  ...LEARNING_OPTIONS,
  encoderLearningRate: true,
  classifierLearningRate: true,
};

const WHAT = 'fineTune';

/**
 * Trains an encoder on with labels, together with a new linear classifier that learns at a rate of its
 * own, and judges both by held-out images.
 *
 * The encoder changes, with the running statistics of its batch norms: pass a copy of one that is
 * still needed. Defaults are those of the paper for 10% of the labels of ImageNet: 20 epochs of batches
 * of 256, momentum 0.9, weight decay 0.0005, rates of 0.01 and 0.1 that are multiplied by 0.2 after 12
 * and 16 epochs.
 *
 * @returns `top1`, `top5` with more than five classes, and `loss`, the mean cross-entropy over the
 *   last epoch
 * @throws {EvaluatorError} `EMPTY_SPLIT`, `ONE_CLASS`, `INVALID_OPTION`, `INVALID_LABELS`,
 *   `INVALID_SHAPE`; `NON_FINITE_FEATURES` if it diverges; `UNKNOWN_OPTION`
 * @see Li, Zhou, Xiong and Hoi, Prototypical Contrastive Learning, ICLR 2021, section 5.2
 */
export async function fineTune(
  encoder: TrainableEncoder,
  splits: LabelledSplits,
  options: FineTuneOptions = {},
): Promise<Evaluation> {
  requireKnownOptions(WHAT, options, OPTIONS);
  const { encoderLearningRate = 0.01, classifierLearningRate = 0.1, ...rest } = options;
  const learning = {
    epochs: 20,
    momentum: 0.9,
    weightDecay: 5e-4,
    schedule: { kind: 'step', milestones: [12, 16], factor: 0.2 } as const,
    seed: 1,
    ...rest,
  };
  const { classes, views, heldOut } = splits;
  requireLearning(WHAT, classes, learning);
  requirePositive(WHAT, 'encoderLearningRate', encoderLearningRate, { zero: true });
  requirePositive(WHAT, 'classifierLearningRate', classifierLearningRate);
  const { epochs, momentum, weightDecay, schedule, seed } = learning;
  const size = await featureSize(WHAT, encoder, splits);
  const classifier = createLinearClassifier(size, classes, { seed });
  const optimizer = groupedSgd(
    [
      { name: 'encoder', variables: encoder.variables, learningRate: encoderLearningRate },
      { name: 'classifier', variables: classifier.variables, learningRate: classifierLearningRate },
    ],
    { momentum, weightDecay },
  );
  try {
    const loss = await learn(
      {
        what: WHAT,
        views,
        classes,
        step: ({ images, labels }, share) =>
          optimizer.step(
            () => crossEntropy(classifier.logits(encoder.forward(images, { training: true })), labels),
            share,
          ),
      },
      learning,
    );
    const logits = (images: tf.Tensor4D) => classifier.logits(encoder.forward(images, { training: false }));
    return {
      scores: { ...(await judge(WHAT, logits, { heldOut, classes })), loss },
      settings: {
        epochs,
        encoderLearningRate,
        classifierLearningRate,
        momentum,
        weightDecay,
        ...scheduleSettings(schedule),
        seed,
      },
    };
  } finally {
    optimizer.dispose();
    classifier.dispose();
  }
}
