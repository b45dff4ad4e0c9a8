import type { ImageDataset } from '../imageDataset.js';
import { byClass, digestOf, digestOfLabels, type SplitDigest } from './splitDigest.js';

/** What tells images in memory from others. */
export interface ImagesDigest extends SplitDigest {
  /** [n, H, W, C]. */
  readonly shape: readonly number[];
  /** SHA-256 of all pixels. */
  readonly contents: string;
  /** The number of images of each class. */
  readonly classes: Readonly<Record<string, number>>;
}

/** Digests images in memory: their pixels, their order and their labels. */
export function digestImages({ images, labels, shape, classNames }: ImageDataset): ImagesDigest {
  const counts = new Int32Array(classNames.length);
  for (const label of labels) counts[label]! += 1;
  return {
    images: shape[0],
    shape,
    contents: digestOf([images]),
    labels: digestOfLabels(labels, classNames),
    classes: byClass(classNames, (label) => counts[label]!),
  };
}
