import { setImmediate } from 'node:timers/promises';

import { augmentBatch, imageTensor, plainBatch, type AugmentationRecipe } from '@protocl/augment';
import { randomStream } from '@protocl/core';
import { batches, type ImageBatch, type ImageDataset } from '@protocl/datasets';
import type { PlainBatch, TrainingBatch, TrainingSource } from '@protocl/trainer';
import type * as tf from '@tensorflow/tfjs-core';

import { digestDatasets } from './dataDigests.js';
import { cropsOnly } from './recipe.js';
import type { LabelledImages, LabelledViews, RunData } from './runData.js';
import { NONE_SKIPPED } from './skippedImages.js';

export interface MemoryDataOptions {
  readonly recipe: AugmentationRecipe;
  readonly seed: number;
  /** Images of a training batch. */
  readonly batchSize: number;
  /** Images that are encoded at once without a gradient. */
  readonly plainBatchSize: number;
  /** Of the images to compare with in an evaluation, take only so many, drawn at random. */
  readonly trainLimit?: number;
  /** The same for held-out ones. */
  readonly testLimit?: number;
}

/**
 * Images that are held in memory, augmented in batches on tensors. There is nothing to prepare ahead:
 * gathering a batch takes about a thousandth of a step.
 */
export function memoryData(
  train: ImageDataset,
  test: ImageDataset | undefined,
  { recipe, seed, batchSize, plainBatchSize, trainLimit, testLimit }: MemoryDataOptions,
): RunData {
  const plainOptions = { recipe, plainBatchSize };
  const [size] = train.shape;
  const source: TrainingSource = {
    size,
    batchSize,
    stepsPerEpoch: Math.floor(size / batchSize),
    async *views(epoch, firstStep, order): AsyncGenerator<TrainingBatch> {
      for (const batch of batches(train, { batchSize, seed, epoch, firstStep, ...(order && { order }) })) {
        const { indices, repeats } = batch;
        yield withTensor(batch, (images) => ({
          views: [
            augmentBatch(images, recipe, { seed, epoch, indices, view: viewOf(0, repeats) }),
            augmentBatch(images, recipe, { seed, epoch, indices, view: viewOf(1, repeats) }),
          ],
          indices,
        }));
        // A step never waits for anything; this lets signals through.
        await setImmediate();
      }
    },
    plain: () => plainBatches(train, plainOptions),
  };
  return {
    source,
    labels: train.labels,
    train: labelled(drawn(train, trainLimit, seed), plainOptions),
    test: test && labelled(drawn(test, testLimit, seed), plainOptions),
    labelledViews: (chosen, most) => labelledViews(train, chosen, { recipe, seed, batchSize: most }),
    plainViews: (chosen) => numberedAs(chosen, plainBatches(chosenImages(train, chosen), plainOptions)),
    digests: () => Promise.resolve(digestDatasets(train, test)),
    skipped: () => NONE_SKIPPED,
    close: async () => undefined,
  };
}

interface PlainOptions {
  readonly recipe: AugmentationRecipe;
  readonly plainBatchSize: number;
}

/** Images in memory as an evaluation sees them. */
export function labelled(dataset: ImageDataset, options: PlainOptions): LabelledImages {
  const { labels, classNames, shape } = dataset;
  return { size: shape[0], labels, classNames, batches: () => plainBatches(dataset, options) };
}

/** The number of one of an image's two views: other ones each time that it comes in an epoch. */
export function viewOf(which: 0 | 1, repeats: Int32Array | undefined): number | Int32Array {
  return repeats === undefined ? which : repeats.map((repeat) => 2 * repeat + which);
}

/** Batches of chosen images under the numbers that these have in their data set. */
export async function* numberedAs(
  chosen: Int32Array,
  batches: AsyncIterable<PlainBatch>,
): AsyncGenerator<PlainBatch> {
  for await (const { images, indices } of batches) {
    yield { images, indices: indices.map((index) => chosen[index]!) };
  }
}

function labelledViews(
  dataset: ImageDataset,
  chosen: Int32Array,
  { recipe, seed, batchSize }: Pick<MemoryDataOptions, 'recipe' | 'seed' | 'batchSize'>,
): LabelledViews {
  const some = chosenImages(dataset, chosen);
  const options = { batchSize: Math.min(batchSize, chosen.length), seed, dropRemainder: false };
  const crops = cropsOnly(recipe);
  return async function* views(epoch) {
    for (const batch of batches(some, { ...options, epoch })) {
      const indices = batch.indices.map((index) => chosen[index]!);
      yield withTensor(batch, (images) => ({
        images: augmentBatch(images, crops, { seed, epoch, indices, view: 0 }),
        labels: batch.labels,
      }));
      await setImmediate();
    }
  };
}

async function* plainBatches(
  dataset: ImageDataset,
  { recipe, plainBatchSize }: PlainOptions,
): AsyncGenerator<PlainBatch> {
  const batchSize = Math.min(plainBatchSize, dataset.shape[0]);
  for (const batch of batches(dataset, { batchSize, seed: 0, shuffle: false, dropRemainder: false })) {
    yield withTensor(batch, (images) => ({ images: plainBatch(images, recipe), indices: batch.indices }));
    await setImmediate();
  }
}

function withTensor<T>({ images, shape }: ImageBatch, use: (tensor: tf.Tensor4D) => T): T {
  const tensor = imageTensor(images, shape);
  try {
    return use(tensor);
  } finally {
    tensor.dispose();
  }
}

/** Some of the images, always the same ones for a seed; all of them without a limit. */
function drawn(dataset: ImageDataset, limit: number | undefined, seed: number): ImageDataset {
  const [count] = dataset.shape;
  if (limit === undefined || limit >= count) return dataset;
  return chosenImages(dataset, chosenIndices(count, limit, seed));
}

function chosenImages(dataset: ImageDataset, chosen: Int32Array): ImageDataset {
  const [count, ...imageShape] = dataset.shape;
  const imageSize = dataset.images.length / count;
  const images = new Uint8Array(chosen.length * imageSize);
  for (const [position, index] of chosen.entries()) {
    images.set(dataset.images.subarray(index * imageSize, (index + 1) * imageSize), position * imageSize);
  }
  return {
    ...dataset,
    images,
    labels: chosen.map((index) => dataset.labels[index]!),
    shape: [chosen.length, ...imageShape],
  };
}

/** Which images of a data set are evaluated if not all of them are; sorted. */
export function chosenIndices(count: number, limit: number, seed: number): Int32Array {
  return randomStream({ seed, purpose: 'evaluated images' }).permutation(count).slice(0, limit).sort();
}

/** The first images of a data set; all of them without a limit. */
export function firstImages(dataset: ImageDataset, limit: number | undefined): ImageDataset {
  const [count, ...imageShape] = dataset.shape;
  if (limit === undefined || limit >= count) return dataset;
  const images = dataset.images.subarray(0, (dataset.images.length / count) * limit);
  return { ...dataset, images, labels: dataset.labels.subarray(0, limit), shape: [limit, ...imageShape] };
}
