import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from './errors.js';
import type { Figures, Position } from './method.js';

interface Unread extends Position {
  readonly loss: tf.Scalar;
  readonly figures: Readonly<Record<string, tf.Scalar>>;
}

/** Means over the steps since the reading before. */
export interface Reading {
  readonly steps: number;
  readonly loss: number;
  /** Of each figure over the steps that had it. */
  readonly figures: Figures;
}

/**
 * Keeps losses and figures on the device until they are read, all in one go: a step then never waits
 * for the one before.
 */
export class StepReadings {
  #unread: Unread[] = [];

  get count(): number {
    return this.#unread.length;
  }

  /** Takes the scalars over. */
  add(step: Unread): void {
    this.#unread.push(step);
  }

  /**
   * Reads everything since the last time.
   *
   * @returns nothing where there were no steps
   * @throws {ProtoclError} `LOSS_NOT_FINITE` if any of the losses is NaN or infinite
   */
  async read(): Promise<Reading | undefined> {
    const unread = this.#unread;
    if (unread.length === 0) return undefined;
    const scalars = unread.flatMap(({ loss, figures }) => [loss, ...Object.values(figures)]);
    const stacked = tf.stack(scalars);
    this.dispose();
    const values = await stacked.data<'float32'>();
    stacked.dispose();
    let lossSum = 0;
    let position = 0;
    const sums = new Map<string, { sum: number; count: number }>();
    for (const { epoch, step, figures } of unread) {
      const loss = values[position++]!;
      if (!Number.isFinite(loss)) throw notFinite(loss, { epoch, step });
      lossSum += loss;
      for (const name of Object.keys(figures)) {
        const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
        sums.set(name, { sum: sum + values[position++]!, count: count + 1 });
      }
    }
    const figures = Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
    return { steps: unread.length, loss: lossSum / unread.length, figures };
  }

  dispose(): void {
    tf.dispose(this.#unread.map(({ loss, figures }) => [loss, figures]));
    this.#unread = [];
  }
}

function notFinite(loss: number, { epoch, step }: Position): Error {
  return trainerError('LOSS_NOT_FINITE', {
    message: `the loss of step ${step} of epoch ${epoch} is not a number to go on with`,
    given: loss,
    expected: 'a finite loss',
    remedy:
      'Resume from the last checkpoint with a lower learning rate or a longer warm-up; no checkpoint was written since',
  });
}
