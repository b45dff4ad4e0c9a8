import type { SplitsDataset, SplitsSource } from '../splits/split.js';
import { debianPackage } from './debianPackage.js';
import { httpFiles } from './httpFiles.js';
import { FASHION_MNIST_FILES, IMAGE_BYTES, type FashionMnistFile } from './layout.js';

/** Fashion-MNIST with its sources and its files open to choice. */
export function fashionMnistOf(
  sources: readonly SplitsSource[],
  files: readonly FashionMnistFile[],
): SplitsDataset {
  const countOf = (split: FashionMnistFile['split']) =>
    files.find((file) => file.split === split && file.holds === 'labels')!.bytes - 8;
  return {
    title: 'Fashion-MNIST',
    id: 'fashion-mnist',
    sources,
    imageBytes: IMAGE_BYTES,
    counts: { train: countOf('train'), test: countOf('test') },
    format: 'PCLFMN01',
  };
}

export const FASHION_MNIST = fashionMnistOf(
  [
    // The bucket is served without TLS; the pinned digests make up for that.
    httpFiles({
      url: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
      files: FASHION_MNIST_FILES,
    }),
    httpFiles({
      url: 'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
      files: FASHION_MNIST_FILES,
    }),
    debianPackage({ packageName: 'dataset-fashion-mnist', megabytes: 31, files: FASHION_MNIST_FILES }),
  ],
  FASHION_MNIST_FILES,
);
