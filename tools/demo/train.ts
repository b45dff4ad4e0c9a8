import { setImmediate } from 'node:timers/promises';

import { batches, type ImageDataset } from '@protocl/datasets';
import * as tf from '@tensorflow/tfjs-core';

import type { Classifier } from './classifier.js';
import { augmentedImages, normalizedImages } from './images.js';
import type { Progress } from './progress.js';

export interface TrainingOptions {
  /** How long to train. */
  readonly seconds: number;
  readonly seed: number;
  readonly batchSize: number;
  readonly progress: Progress;
  /** Ends the training after the step that is under way. */
  readonly signal: AbortSignal;
  /** Now and then measures the accuracy that is shown with the progress; its time does not count. */
  readonly measureAccuracy: () => Promise<number>;
}

export interface TrainingResult {
  readonly images: number;
  readonly epochs: number;
  /** Of training alone. */
  readonly seconds: number;
  readonly loss: number;
}

/** For 128 images a step. */
const PEAK_LEARNING_RATE = 0.3;
/** The share of the time in which the learning rate rises to its peak. */
const WARM_UP = 0.1;
const SECONDS_BETWEEN_UPDATES = 0.5;
/** How often the accuracy is measured on the way. */
const MEASUREMENTS = 4;

/**
 * The learning rate after a share of the training, 0 .. 1: a linear rise, then half a cosine to 0.
 *
 * Source: Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5 without restarts; Goyal et al.,
 * "Accurate, Large Minibatch SGD", 2017, for the warm-up and the proportion to the batch size.
 */
export function learningRateAt(share: number, batchSize: number): number {
  const peak = (PEAK_LEARNING_RATE * batchSize) / 128;
  if (share < WARM_UP) return (peak * share) / WARM_UP;
  return (peak * (1 + Math.cos(Math.PI * Math.min(1, (share - WARM_UP) / (1 - WARM_UP))))) / 2;
}

/** Trains for a given time; the schedule follows the clock, so that it is complete on any machine. */
export async function train(
  classifier: Classifier,
  dataset: ImageDataset,
  options: TrainingOptions,
): Promise<TrainingResult> {
  const { seconds, seed, batchSize, progress, signal, measureAccuracy } = options;
  const [size] = dataset.shape;
  const clock = new Stopwatch();
  const losses = new RecentLosses();
  let images = 0;
  let accuracy: number | undefined;
  let nextUpdate = 0;
  let nextMeasurement = seconds / MEASUREMENTS;

  for (let epoch = 0; ; epoch++) {
    let step = 0;
    for (const batch of batches(dataset, { batchSize, seed, epoch })) {
      const learningRate = learningRateAt(clock.seconds / seconds, batchSize);
      const labels = tf.tensor1d(batch.labels, 'int32');
      const pixels = normalizedImages(batch);
      const views = augmentedImages(pixels, { seed, epoch, step: step++ });
      losses.push(classifier.step(views, labels, learningRate));
      tf.dispose([labels, pixels, views]);
      images += batchSize;

      const isLast = signal.aborted || clock.seconds >= seconds;
      if (isLast || clock.seconds >= nextUpdate) {
        // Reading the losses waits for the device, and so makes the time true as well.
        const loss = losses.takeMean();
        const elapsed = clock.seconds;
        nextUpdate = elapsed + SECONDS_BETWEEN_UPDATES;
        if (!isLast && elapsed >= nextMeasurement) {
          nextMeasurement += seconds / MEASUREMENTS;
          clock.pause();
          accuracy = await measureAccuracy();
          clock.resume();
        }
        const figures = { seconds: elapsed, imagesPerSecond: images / elapsed, epochs: images / size };
        progress.update({ ...figures, loss, ...(accuracy !== undefined && { accuracy }) });
        if (isLast) return { images, epochs: images / size, seconds: elapsed, loss };
      }
      // Lets Ctrl-C through.
      await setImmediate();
    }
  }
}

/** Measures time, without the pauses. */
class Stopwatch {
  #counted = 0;
  #since: number | undefined = performance.now();

  get seconds(): number {
    const running = this.#since === undefined ? 0 : performance.now() - this.#since;
    return (this.#counted + running) / 1000;
  }

  pause(): void {
    this.#counted = this.seconds * 1000;
    this.#since = undefined;
  }

  resume(): void {
    this.#since = performance.now();
  }
}

/** Keeps losses on the device until they are asked for. */
class RecentLosses {
  #losses: tf.Scalar[] = [];

  push(loss: tf.Scalar): void {
    this.#losses.push(loss);
  }

  /** The mean since the last call, of at least one loss. */
  takeMean(): number {
    const mean = tf.tidy(() => tf.mean(tf.stack(this.#losses)).dataSync()[0]!);
    tf.dispose(this.#losses);
    this.#losses = [];
    return mean;
  }
}
