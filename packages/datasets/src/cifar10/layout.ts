import type { SplitName } from '../splits/split.js';

/** Names of the ten classes, by label. */
export const CIFAR10_CLASSES = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

export const SIDE = 32;
export const CHANNELS = 3;
export const IMAGE_BYTES = SIDE * SIDE * CHANNELS;

/** How many images there are: five files for training and one for testing, all of one length. */
export interface Cifar10Layout {
  readonly imagesPerFile: number;
}
export const CIFAR10_LAYOUT: Cifar10Layout = { imagesPerFile: 10_000 };
export const TRAIN_FILES = 5;

export function imageCount(split: SplitName, { imagesPerFile }: Cifar10Layout): number {
  return split === 'train' ? TRAIN_FILES * imagesPerFile : imagesPerFile;
}
