import * as z from 'zod';

import { AUTO } from './automatic.js';
import { count, share } from './numbers.js';

const inMemory = {
  limit: count.optional().describe('Use only the first so many training images.'),
  testLimit: count.optional().describe('Use only the first so many held-out images.'),
};

const fromFiles = {
  workers: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Threads that decode; one for each processor by default.'),
  prefetch: count.default(2).describe('Batches that are prepared ahead.'),
  maxPixels: count.default(100_000_000).describe('Images with more pixels are skipped.'),
  maxCorruptShare: share.default(0.01).describe('A run with a larger share of unreadable images stops.'),
};

const published = {
  root: z.string().min(1).describe('The folder that its archives were unpacked into.'),
  ...fromFiles,
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
        .enum([AUTO, 'folders', 'none'])
        .default(AUTO)
        .describe(
          'Whether each sub-folder is a class, or there are no labels; auto: whether there are sub-folders with images.',
        ),
      ...fromFiles,
    })
    .describe('A folder of image files.'),
  z
    .strictObject({ kind: z.literal('voc2007'), ...published })
    .describe('Pascal VOC 2007: trainval, and test held out; an image shows several classes.'),
  z
    .strictObject({ kind: z.literal('imagenet'), ...published })
    .describe('ImageNet: the folders of train, and val held out.'),
  z
    .strictObject({ kind: z.literal('places205'), ...published })
    .describe('Places205: the lists of train, and of val held out.'),
]);

type DataConfig = z.output<typeof dataSchema>;
/** Images that are read from files while they are used; whether a folder has classes may be left to it. */
export type OpenFileData = Exclude<DataConfig, InMemory>;
interface InMemory {
  readonly kind: keyof typeof KNOWN_SIZES;
}

/** How many images the data sets of fixed size have. */
export const KNOWN_SIZES = {
  cifar10: { train: 50_000, test: 10_000 },
  'fashion-mnist': { train: 60_000, test: 10_000 },
} as const;

/** Whether the images are read from files while they are used, and not held in memory. */
export function isFileData<Data extends DataConfig>(data: Data): data is Exclude<Data, InMemory> {
  return !Object.hasOwn(KNOWN_SIZES, data.kind);
}
