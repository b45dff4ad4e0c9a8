import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { requirePositive } from '../checks.js';
import type { Evaluation } from '../evaluation.js';
import { crossEntropy } from './crossEntropy.js';
import { featureSize } from './featureSize.js';
import type { FrozenEncoder, LabelledSplits } from './images.js';
import { judge } from './judge.js';
import { learn, LEARNING_OPTIONS, requireLearning, type LearningOptions } from './learn.js';
import { scheduleSettings } from './learningRates.js';
import { createLinearClassifier } from './linearClassifier.js';
import { groupedSgd } from './sgd.js';

export interface LinearProtocolOptions extends LearningOptions {
  /** For batches of 256 images. Default 5. */
  readonly learningRate?: number;
}

const OPTIONS: OptionNames<LinearProtocolOptions> = {
  ...LEARNING_OPTIONS,
  learningRate: true,
};

const WHAT = 'linearProtocol';

/**
 * The published linear classification protocol: a linear classifier learns from random views through
 * the frozen encoder, whose batch norms use their running statistics, and is judged by held-out images.
 *
 * Defaults are those of the original implementation for ImageNet: 100 epochs of batches of 256,
 * momentum 0.9, no weight decay, a rate of 5 that is multiplied by 0.1 after 60 and 80 epochs.
 * `linearProbe` is much cheaper: it looks at every image once, without augmentation.
 *
 * @returns `top1`, `top5` with more than five classes, and `loss`, the mean cross-entropy over the
 *   last epoch
 * @throws {EvaluatorError} `EMPTY_SPLIT`, `ONE_CLASS`, `INVALID_OPTION`, `INVALID_LABELS`,
 *   `INVALID_SHAPE`; `NON_FINITE_FEATURES` if it diverges; `UNKNOWN_OPTION`
 * @see He et al., Momentum Contrast for Unsupervised Visual Representation Learning, CVPR 2020, section 4.1
 */
export async function linearProtocol(
  encoder: FrozenEncoder,
  splits: LabelledSplits,
  options: LinearProtocolOptions = {},
): Promise<Evaluation> {
  requireKnownOptions(WHAT, options, OPTIONS);
  const { learningRate = 5, ...rest } = options;
  const learning = {
    epochs: 100,
    momentum: 0.9,
    weightDecay: 0,
    schedule: { kind: 'step', milestones: [60, 80], factor: 0.1 } as const,
    seed: 1,
    ...rest,
  };
  const { classes, views, heldOut } = splits;
  requireLearning(WHAT, classes, learning);
  requirePositive(WHAT, 'learningRate', learningRate);
  const { epochs, momentum, weightDecay, schedule, seed } = learning;
  const size = await featureSize(WHAT, encoder, splits);
  const classifier = createLinearClassifier(size, classes, { seed });
  const group = { name: 'classifier', variables: classifier.variables, learningRate };
  const optimizer = groupedSgd([group], { momentum, weightDecay });
  try {
    const featuresOf = (images: tf.Tensor4D) => tf.tidy(() => encoder.forward(images, { training: false }));
    const loss = await learn(
      {
        what: WHAT,
        views,
        classes,
        step: ({ images, labels }, share) => {
          // Outside of the gradient, so that nothing is kept of the encoder's layers.
          const features = featuresOf(images);
          try {
            return optimizer.step(() => crossEntropy(classifier.logits(features), labels), share);
          } finally {
            features.dispose();
          }
        },
      },
      learning,
    );
    const logits = (images: tf.Tensor4D) => classifier.logits(featuresOf(images));
    return {
      scores: { ...(await judge(WHAT, logits, { heldOut, classes })), loss },
      settings: { epochs, learningRate, momentum, weightDecay, ...scheduleSettings(schedule), seed },
    };
  } finally {
    optimizer.dispose();
    classifier.dispose();
  }
}
