export { loadCifar10, type Cifar10Options } from './cifar10/loadCifar10.js';
export type { Cifar10Split } from './cifar10/layout.js';
export { batches, type BatchOptions, type ImageBatch } from './batches.js';
export type { ImageDataset, ProgressOptions } from './imageDataset.js';
export type { DatasetErrorCode } from './errors.js';
