import * as z from 'zod';

import { count, share } from './numbers.js';

const inMemory = {
  limit: count.optional().describe('Use only the first so many training images.'),
  testLimit: count.optional().describe('Use only the first so many held-out images.'),
};

/** Where the images come from. */
export const dataSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cifar10'), ...inMemory }).describe('CIFAR-10, fetched on first use.'),
  z
    .strictObject({ kind: z.literal('fashion-mnist'), ...inMemory })
    .describe('Fashion-MNIST, fetched on first use; its gray is offered as three equal channels.'),
  z
    .strictObject({
      kind: z.literal('folder'),
      train: z.string().min(1).describe('Folder of the training images.'),
      test: z.string().min(1).optional().describe('Folder of the held-out images, for evaluation.'),
      classes: z
        .enum(['folders', 'none'])
        .default('folders')
        .describe('Whether each sub-folder is a class, or there are no labels.'),
      workers: z
        .int()
        .min(1)
        .max(256)
        .optional()
        .describe('Threads that decode; one for each processor by default.'),
      prefetch: count.default(2).describe('Batches that are prepared ahead.'),
      maxPixels: count.default(100_000_000).describe('Images with more pixels are skipped.'),
      maxCorruptShare: share.default(0.01).describe('A run with a larger share of unreadable images stops.'),
    })
    .describe('A folder of image files.'),
]);

/** How many images the data sets of fixed size have. */
export const KNOWN_SIZES = {
  cifar10: { train: 50_000, test: 10_000 },
  'fashion-mnist': { train: 60_000, test: 10_000 },
} as const;
