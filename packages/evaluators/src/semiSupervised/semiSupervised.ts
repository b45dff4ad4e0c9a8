import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { requireTwoClasses } from '../checks.js';
import type { Evaluation, Setting } from '../evaluation.js';
import { readClasses, type ClassLabels } from '../labels.js';
import { drawShare } from './drawLabelledShare.js';
import { fineTune, type FineTuneOptions } from './fineTune.js';
import type { LabelledBatch, LabelledSplits, TrainableEncoder } from './images.js';

/** A share of the labels, and how to learn from it. */
export interface LabelledShare extends Omit<
  FineTuneOptions,
  'signal' | 'onEpoch' | 'seed' | 'classifierLearningRate'
> {
  /** Above 0 and at most 1. */
  readonly share: number;
  /** Default 0.1, and 1 for at most 1% of the labels, where the classifier has few steps to learn in. */
  readonly classifierLearningRate?: number;
}

/** Images to draw labelled ones from, and images to judge by. */
export interface SemiSupervisedSplits extends Pick<LabelledSplits, 'heldOut' | 'classes'> {
  /** [n]: the classes of all training images, in 0 .. `classes`-1. */
  readonly labels: ClassLabels;
  /**
   * Random views of some of the training images, other ones in another order for each epoch, counted
   * from 0.
   *
   * @param indices int32, ascending: those that may be looked at
   */
  readonly views: (indices: Int32Array, epoch: number) => AsyncIterable<LabelledBatch>;
}

export interface SemiSupervisedOptions {
  /** 1% and 10% with the paper's learning rates by default. */
  readonly shares?: readonly LabelledShare[];
  /** Of the draw and of the classifiers' initial weights. Default 1. */
  readonly seed?: number;
  /** Told after each epoch, counted from 1, of the mean loss in it. */
  readonly onEpoch?: (progress: {
    readonly share: number;
    readonly epoch: number;
    readonly loss: number;
  }) => void;
  /** Stops after the batch that is at work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionNames<SemiSupervisedOptions> = {
  shares: true,
  seed: true,
  onEpoch: true,
  signal: true,
};

/** An encoder that is let go once a share is done. */
export interface DisposableEncoder extends TrainableEncoder {
  dispose(): void;
}

const WHAT = 'semiSupervised';

const SHARE_OPTIONS: OptionNames<LabelledShare> = {
  share: true,
  epochs: true,
  encoderLearningRate: true,
  classifierLearningRate: true,
  momentum: true,
  weightDecay: true,
  schedule: true,
};

const PUBLISHED_SHARES: readonly LabelledShare[] = [{ share: 0.01 }, { share: 0.1 }];

/**
 * Judges an encoder by what it becomes when it is trained on with a small share of the labels: for
 * each share, images are drawn as many of each class, and {@link fineTune} trains a fresh copy of the
 * encoder on them.
 *
 * @param openEncoder gives the pre-trained encoder, a copy each time, which is disposed here
 * @returns scores such as `top1@1%` and `top5@10%`, see {@link fineTune}; settings such as
 *   `images@1%`, the number that was drawn
 * @throws {EvaluatorError} `TOO_FEW_SAMPLES` if a share leaves a class without an image; `ONE_CLASS`;
 *   what {@link fineTune} throws; `UNKNOWN_OPTION`
 * @see Li, Zhou, Xiong and Hoi, Prototypical Contrastive Learning, ICLR 2021, section 5.2
 */
export async function semiSupervised(
  openEncoder: () => DisposableEncoder | Promise<DisposableEncoder>,
  splits: SemiSupervisedSplits,
  options: SemiSupervisedOptions = {},
): Promise<Evaluation> {
  requireKnownOptions(WHAT, options, OPTIONS);
  const { labels: given, views, heldOut, classes } = splits;
  const { shares = PUBLISHED_SHARES, seed = 1, onEpoch, signal } = options;
  for (const share of shares) requireKnownOptions(`a share of ${WHAT}`, share, SHARE_OPTIONS);
  const labels = await readClasses(WHAT, 'training images', given, undefined, classes);
  requireTwoClasses(WHAT, labels);
  // All shares first: a mistake in the last should not show after hours.
  const drawn = shares.map(({ share }) => drawShare(labels, { share, seed, classes }));
  const scores: Record<string, number> = {};
  const settings: Record<string, Setting> = { seed };
  for (const [place, { share, ...learning }] of shares.entries()) {
    const indices = drawn[place]!;
    const encoder = await openEncoder();
    try {
      const result = await fineTune(
        encoder,
        { views: (epoch) => views(indices, epoch), heldOut, classes },
        {
          classifierLearningRate: share <= 0.01 ? 1 : 0.1,
          ...learning,
          seed,
          ...(onEpoch && { onEpoch: (progress) => onEpoch({ share, ...progress }) }),
          ...(signal && { signal }),
        },
      );
      const percent = `${Number((100 * share).toPrecision(6))}%`;
      for (const [name, score] of Object.entries(result.scores)) scores[`${name}@${percent}`] = score;
      settings[`images@${percent}`] = indices.length;
      for (const [name, setting] of Object.entries(result.settings)) {
        if (name !== 'seed') settings[`${name}@${percent}`] = setting;
      }
    } finally {
      encoder.dispose();
    }
  }
  return { scores, settings };
}
