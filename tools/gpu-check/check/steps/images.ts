import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { decodeCifar10, missingImages } from '../../images/cifarChunks.js';
import { kindOfImages, type ImagesKind } from '../../images/standIn.js';
import { gpuCheckError } from '../../errors.js';
import { value, type Step } from '../step.js';

/** Where the parts with CIFAR-10 are unpacked. */
const carriedImages = (home: string): string => join(home, 'cifar10');
/** Where the pipeline looks for CIFAR-10, with the check's own cache. */
const cachedImages = (home: string): string => join(home, 'cache/datasets/cifar10');

/** CIFAR-10 out of the parts that carry it, where the pipeline finds it. */
export const images: Step = {
  name: 'images',
  what: 'decode the images of CIFAR-10',
  leastSeconds: 10,
  mostSeconds: 120,
  needs: ['carried images'],
  async run({ home, log, tell }) {
    const begun = performance.now();
    const result = await decodeCifar10(carriedImages(home), { log, cacheDirectory: cachedImages(home) });
    if ('missing' in result) {
      throw gpuCheckError('STEP_FAILED', {
        message: 'parts with CIFAR-10 are still missing',
        given: result.missing.join(', '),
      });
    }
    tell(value('images', 'kind', result.images));
    tell(value('time to decode', 's', (performance.now() - begun) / 1e3));
    return undefined;
  },
};

/** What images the steps have that train. */
export async function imagesIn(home: string): Promise<ImagesKind | 'none'> {
  const folder = cachedImages(home);
  const isThere =
    existsSync(join(folder, 'cifar10-train.bin')) && existsSync(join(folder, 'cifar10-test.bin'));
  return isThere ? kindOfImages(folder) : 'none';
}

/** Whether all files of the images have been carried here. */
export async function areImagesCarried(home: string): Promise<boolean> {
  return (await missingImages(carriedImages(home))).length === 0;
}
