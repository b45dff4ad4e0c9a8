import type { SplitName } from '../splits/split.js';

/** Names of the ten classes, by label. */
export const FASHION_MNIST_CLASSES = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
] as const;

export const SIDE = 28;
export const IMAGE_BYTES = SIDE * SIDE;

/** One of the four files, which every source has under the same name, compressed. */
export interface FashionMnistFile {
  readonly split: SplitName;
  readonly holds: 'images' | 'labels';
  /** Without the `.gz` under which it is published. */
  readonly name: string;
  /** Uncompressed. */
  readonly bytes: number;
  /** Of the uncompressed file: Debian has compressed the same content anew. */
  readonly sha256: string;
}

/**
 * The files as published. Their digests were taken from Debian's copies, after these, compressed as
 * the authors had done it, gave the MD5 sums that the authors publish for the compressed files.
 */
export const FASHION_MNIST_FILES: readonly FashionMnistFile[] = [
  {
    split: 'train',
    holds: 'images',
    name: 'train-images-idx3-ubyte',
    bytes: 47_040_016,
    sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  },
  {
    split: 'train',
    holds: 'labels',
    name: 'train-labels-idx1-ubyte',
    bytes: 60_008,
    sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  },
  {
    split: 'test',
    holds: 'images',
    name: 't10k-images-idx3-ubyte',
    bytes: 7_840_016,
    sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  },
  {
    split: 'test',
    holds: 'labels',
    name: 't10k-labels-idx1-ubyte',
    bytes: 10_008,
    sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
];
