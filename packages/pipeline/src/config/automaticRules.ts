/**
 * The rules for settings that are `auto`, by the number of images n. At the size of CIFAR-10 they give the numbers
 * that `pcl-demo` was measured with; the README of this package says where each of them comes from.
 */

/** Batches: at least 8 of them in an epoch, of 8 to 64 images, a power of two. */
export function automaticBatchSize(images: number): number {
  const wanted = Math.min(64, Math.max(8, images / 8));
  return Math.max(2, powerOfTwoUpTo(Math.min(wanted, images)));
}

/** Enough epochs for about 4,500 updates: 6 to 100. */
export function automaticEpochs(updatesPerEpoch: number): number {
  return within(6, Math.ceil(4500 / updatesPerEpoch), 100);
}

/**
 * Epochs with InfoNCE alone, about 3,000 updates: at least a tenth of the epochs, at most two thirds, so that
 * prototypes have their part.
 */
export function automaticWarmup(epochs: number, updatesPerEpoch: number): number {
  return within(Math.ceil(epochs / 10), Math.ceil(3000 / updatesPerEpoch), Math.floor((2 * epochs) / 3));
}

/** Keys, a multiple of the batch: 2,048, or one to 24 images up to 16,384, but at most half as many as images. */
export function automaticQueue(images: number, batchSize: number): number {
  const keys = Math.min(images / 2, Math.max(2048, Math.min(16_384, images / 24)));
  return Math.max(1, Math.floor(keys / batchSize)) * batchSize;
}

/** Clusters: one to 12.8 images up to 500, or one to 100 images; and half as many. */
export function automaticGranularities(images: number): number[] {
  const most = Math.max(images / 100, Math.min(500, images / 12.8));
  const counts = [most / 2, most].map((count) => Math.max(2, Math.floor(count)));
  return [...new Set(counts)];
}

/** Neighbours that vote: a tenth of those there are, at most 200. */
export function automaticNeighbours(images: number): number {
  return within(1, Math.floor(images / 10), 200);
}

function powerOfTwoUpTo(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}

/** The upper bound wins where the two exclude each other. */
function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
