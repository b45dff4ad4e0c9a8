import { augmentCrops, imageTensor, plainCrops, type AugmentationRecipe } from '@protocl/augment';
import {
  createFolderLoader,
  type FolderLoader,
  type FolderLoaderOptions,
  type ImageFolder,
  type VocFolder,
} from '@protocl/datasets';
import type { PlainBatch, TrainingBatch, TrainingSource } from '@protocl/trainer';
import type * as tf from '@tensorflow/tfjs-core';

import { digestFolders } from './dataDigests.js';
import { chosenIndices, numberedAs, viewOf, type MemoryDataOptions } from './memoryData.js';
import type { ImageFolders, SplitFolder } from './openFolders.js';
import { cropsOnly } from './recipe.js';
import type { ImageAnnotations, LabelledImages, RunData } from './runData.js';
import { NONE_SKIPPED, type SkippedCounter, type SkippedImage } from './skippedImages.js';

export interface FolderDataOptions extends MemoryDataOptions {
  /** Threads that decode. */
  readonly workers?: number;
  /** Batches that are prepared ahead of their use. */
  readonly prefetch?: number;
  readonly maxCorruptShare: number;
  /** Counts the images that are left out. */
  readonly skipped?: SkippedCounter;
}

/**
 * Image files, decoded and cropped by worker threads ahead of their use; the rest of the augmentation
 * runs in batches on tensors.
 */
export function folderData({ train, test }: ImageFolders, options: FolderDataOptions): RunData {
  const { recipe, seed, batchSize, trainLimit, testLimit } = options;
  const loaders: FolderLoader[] = [];
  const loaderOf = (folder: ImageFolder, more: LoaderChanges, split: SkippedImage['split'] = 'train') => {
    const loader = createFolderLoader(folder, loaderOptions(options, more, split));
    loaders.push(loader);
    return loader;
  };
  const loader = loaderOf(train, {});
  const source: TrainingSource = {
    size: train.files.length,
    batchSize,
    stepsPerEpoch: loader.stepsPerEpoch,
    async *views(epoch, firstStep, order): AsyncGenerator<TrainingBatch> {
      const options = { firstStep, ...(order && { order }) };
      for await (const { crops, indices, repeats, shape } of loader.epoch(epoch, options)) {
        const view = (which: 0 | 1) =>
          withTensor(crops[which]!, shape, (tensor) =>
            augmentCrops(tensor, recipe, { seed, epoch, indices, view: viewOf(which, repeats) }),
          );
        yield { views: [view(0), view(1)], indices };
      }
    },
    plain: () => plainBatches(loader, recipe),
  };
  /** Of images that each come once, in their order, as evaluation sees them. */
  const inOrder = (some: SplitFolder, split: SkippedImage['split']): FolderLoader => {
    const batchSize = Math.min(options.plainBatchSize, some.files.length);
    return loaderOf(some, { batchSize, views: 1, shuffle: false, dropRemainder: false }, split);
  };
  const judged = (
    folder: SplitFolder,
    limit: number | undefined,
    split: SkippedImage['split'],
  ): LabelledImages => {
    const some = drawn(folder, limit, seed);
    const size = some.files.length;
    const ofSome = some === train ? loader : inOrder(some, split);
    const labels = some.classNames.length === 0 ? undefined : some.labels;
    const annotations = annotationsOf(some);
    return {
      size,
      labels,
      classNames: some.classNames,
      ...(annotations && { annotations }),
      batches: () => plainBatches(ofSome, recipe),
    };
  };
  return {
    source,
    labels: train.classNames.length === 0 ? undefined : train.labels,
    train: judged(train, trainLimit, 'train'),
    test: test && judged(test, testLimit, 'test'),
    labelledViews: (chosen, most) => {
      const some = chosenFiles(train, chosen);
      const size = Math.min(most, chosen.length);
      const crops = cropsOnly(recipe);
      const ofSome = loaderOf(some, { recipe: crops, batchSize: size, views: 1, dropRemainder: false });
      return async function* views(epoch) {
        for await (const { crops: views, indices, labels, shape } of ofSome.epoch(epoch)) {
          // Crops are flipped already, and there is nothing else to draw.
          const images = withTensor(views[0]!, shape, (tensor) =>
            augmentCrops(tensor, crops, { seed, epoch, indices, view: 0 }),
          );
          yield { images, labels };
        }
      };
    },
    plainViews: (chosen) => {
      const ofSome = inOrder(chosenFiles(train, chosen), 'train');
      return numberedAs(chosen, plainBatches(ofSome, recipe));
    },
    digests: (signal) => digestFolders({ train, test }, signal),
    skipped: () => options.skipped?.skipped ?? NONE_SKIPPED,
    close: async () => {
      options.skipped?.conclude();
      await Promise.all(loaders.map((each) => each.close()));
    },
  };
}

/** What loaders of one run differ in. */
type LoaderChanges = Partial<
  Pick<FolderLoaderOptions, 'recipe' | 'batchSize' | 'views' | 'shuffle' | 'dropRemainder'>
>;

function loaderOptions(
  { recipe, seed, batchSize, workers, prefetch, maxCorruptShare, skipped }: FolderDataOptions,
  more: LoaderChanges,
  split: SkippedImage['split'],
): FolderLoaderOptions {
  return {
    recipe,
    seed,
    batchSize,
    views: 2,
    maxCorruptShare,
    ...(workers !== undefined && { workers }),
    ...(prefetch !== undefined && { prefetch }),
    ...(skipped && { onSkipped: (entry) => skipped.add({ split, ...entry }) }),
    ...more,
  };
}

/** All images of a loader, as evaluation sees them. */
export async function* plainBatches(
  loader: FolderLoader,
  recipe: AugmentationRecipe,
): AsyncGenerator<PlainBatch> {
  for await (const { images, indices, shape } of loader.plain()) {
    yield { images: withTensor(images, shape, (tensor) => plainCrops(tensor, recipe)), indices };
  }
}

function withTensor(
  bytes: Uint8Array,
  shape: readonly [number, number, number, number],
  use: (tensor: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const tensor = imageTensor(bytes, shape);
  try {
    return use(tensor);
  } finally {
    tensor.dispose();
  }
}

/** Some of the images, always the same ones for a seed; all of them without a limit. */
function drawn(folder: SplitFolder, limit: number | undefined, seed: number): SplitFolder {
  const count = folder.files.length;
  if (limit === undefined || limit >= count) return folder;
  return chosenFiles(folder, chosenIndices(count, limit, seed));
}

function chosenFiles(folder: SplitFolder, chosen: Int32Array): SplitFolder {
  return {
    ...folder,
    files: Array.from(chosen, (index) => folder.files[index]!),
    labels: chosen.map((index) => folder.labels[index]!),
    ...('annotations' in folder && { annotations: rowsOf(folder, chosen) }),
  };
}

/** The annotations of some of the images. */
function rowsOf({ annotations, objectClasses }: VocFolder, chosen: Int32Array): Int8Array {
  const { length } = objectClasses;
  const rows = new Int8Array(chosen.length * length);
  for (const [row, index] of chosen.entries()) {
    rows.set(annotations.subarray(index * length, (index + 1) * length), row * length);
  }
  return rows;
}

function annotationsOf(folder: SplitFolder): ImageAnnotations | undefined {
  if (!('annotations' in folder)) return undefined;
  return { values: folder.annotations, classNames: folder.objectClasses };
}
