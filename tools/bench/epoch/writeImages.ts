import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadCifar10 } from '@protocl/datasets';

import type { ImageFile } from './cases.js';

const TINY_IMAGES = 2048;

/**
 * Writes CIFAR-10's training images, or some of them, to a raw file that any language reads.
 *
 * @param folder of the file
 */
export async function writeImages(
  folder: string,
  { tiny }: { readonly tiny: boolean },
  log: (line: string) => void,
): Promise<ImageFile> {
  const { images, shape } = await loadCifar10({ split: 'train', log });
  const [count, ...imageShape] = shape;
  const size = tiny ? Math.min(TINY_IMAGES, count) : count;
  const path = join(folder, 'images.bin');
  await writeFile(path, images.subarray(0, (images.length / count) * size));
  return { path, shape: [size, ...imageShape] };
}
