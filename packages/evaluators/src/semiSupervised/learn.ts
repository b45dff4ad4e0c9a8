import type { OptionNames } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';

import { emptySplit, requireInteger, requirePositive, requireTwoClasses } from '../checks.js';
import { evaluatorError } from '../errors.js';
import { disposeBatch, readBatch, type LabelledBatch, type ReadBatch } from './images.js';
import { rateShare, requireSchedule, type RateSchedule } from './learningRates.js';

/** What both ways to learn with labels have in common. */
export interface LearningOptions {
  readonly epochs?: number;
  readonly momentum?: number;
  /** The share of each variable that is added to its gradient. */
  readonly weightDecay?: number;
  readonly schedule?: RateSchedule;
  /** Of the classifier's initial weights. Default 1. */
  readonly seed?: number;
  /** Told after each epoch, counted from 1, of the mean loss in it. */
  readonly onEpoch?: (progress: { readonly epoch: number; readonly loss: number }) => void;
  /** Stops after the batch that is at work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The names of {@link LearningOptions}. */
export const LEARNING_OPTIONS: OptionNames<LearningOptions> = {
  epochs: true,
  momentum: true,
  weightDecay: true,
  schedule: true,
  seed: true,
  onEpoch: true,
  signal: true,
};

/** {@link LearningOptions} with its defaults filled in. */
export type ResolvedLearning = Required<Omit<LearningOptions, 'onEpoch' | 'signal'>> &
  Pick<LearningOptions, 'onEpoch' | 'signal'>;

/** @throws {EvaluatorError} `INVALID_OPTION`; `ONE_CLASS` for fewer classes than two */
export function requireLearning(what: string, classes: number, options: ResolvedLearning): void {
  requireInteger(what, 'number of classes', classes, 1);
  if (classes === 1) {
    throw evaluatorError('ONE_CLASS', {
      message: `${what} has only one class to learn from`,
      given: '1 class',
      expected: 'two classes or more',
    });
  }
  requireInteger(what, 'number of epochs', options.epochs, 1);
  requireInteger(what, 'seed', options.seed, 0);
  requirePositive(what, 'momentum', options.momentum, { zero: true });
  requirePositive(what, 'weightDecay', options.weightDecay, { zero: true });
  requireSchedule(what, options.schedule);
}

export interface LearnTask {
  /** For messages. */
  readonly what: string;
  readonly views: (epoch: number) => AsyncIterable<LabelledBatch>;
  readonly classes: number;
  /**
   * Makes one step.
   *
   * @param rateShare what the learning rates are multiplied by
   * @returns the mean loss of the batch before the step, a scalar that is disposed here
   */
  readonly step: (batch: ReadBatch, rateShare: number) => tf.Scalar;
}

/**
 * Learns for some epochs.
 *
 * @returns the mean loss in the last of them
 * @throws {EvaluatorError} `EMPTY_SPLIT` if an epoch has no image; `ONE_CLASS`, `INVALID_LABELS`,
 *   `INVALID_SHAPE`; `NON_FINITE_FEATURES` if the loss is no number any more
 */
export async function learn(task: LearnTask, options: ResolvedLearning): Promise<number> {
  const { what, views, classes, step } = task;
  const { epochs, schedule, onEpoch, signal } = options;
  let mean = NaN;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const seen: number[] = [];
    const share = rateShare(schedule, epoch, epochs);
    // Stays on the device, so that no step waits for the one before.
    let total = tf.scalar(0);
    try {
      for await (const batch of views(epoch)) {
        try {
          signal?.throwIfAborted();
          const { images, labels } = await readBatch(what, 'training images', batch, classes);
          if (labels.length === 0) continue;
          const loss = step({ images, labels }, share);
          const sum = tf.tidy(() => tf.add<tf.Scalar>(total, tf.mul(loss, labels.length)));
          tf.dispose([total, loss]);
          total = sum;
          for (const label of labels) seen.push(label);
        } finally {
          disposeBatch(batch);
        }
      }
      if (seen.length === 0) throw emptySplit(what, 'training images');
      requireTwoClasses(what, seen);
      mean = (await total.data())[0]! / seen.length;
    } finally {
      total.dispose();
    }
    if (!Number.isFinite(mean)) throw diverged(what, epoch, mean);
    onEpoch?.({ epoch: epoch + 1, loss: mean });
  }
  return mean;
}

function diverged(what: string, epoch: number, loss: number): Error {
  return evaluatorError('NON_FINITE_FEATURES', {
    message: `${what} has diverged in epoch ${epoch + 1}`,
    given: `a mean loss of ${loss}`,
    expected: 'a finite loss',
    remedy: 'Lower the learning rates; if that changes nothing, the features hold NaN or Inf',
  });
}
