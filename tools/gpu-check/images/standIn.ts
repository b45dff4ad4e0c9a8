import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { randomStream, writeFileAtomic } from '@protocl/core';

import { CHANNELS, IMAGE_BYTES, SIDE } from './mosaic.js';
import type { LabelledImages } from './packImages.js';

/** What the images of a check are; figures of a stand-in say nothing of CIFAR-10. */
export type ImagesKind = 'cifar10' | 'stand-in';

const MARK = 'STAND-IN.txt';
const TEXT =
  'The images here are drawn waves in place of CIFAR-10. What is measured with them is no result.\n';

/** What the cache of CIFAR-10 in a folder holds, as far as this check has put it there. */
export async function kindOfImages(cache: string): Promise<ImagesKind> {
  return stat(join(cache, MARK)).then(
    () => 'stand-in',
    () => 'cifar10',
  );
}

/**
 * Fills the cache in a folder. It counts as a stand-in from before the first such image is there until
 * after the last is gone.
 */
export async function fillCache(
  cache: string,
  kind: ImagesKind,
  fill: () => Promise<unknown>,
): Promise<void> {
  const mark = join(cache, MARK);
  if (kind === 'stand-in') await writeFileAtomic(mark, TEXT);
  await fill();
  if (kind === 'cifar10') await rm(mark, { force: true });
}

const CLASSES = 10;
const AMPLITUDE = 60;
const NOISE = 20;

/**
 * Images that nobody has to download, for trying the check out: waves of another direction and colour for each class,
 * with noise, so that there is something to learn.
 */
export function standInImages(split: string, count: number): LabelledImages {
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
  for (const [i, label] of labels.entries()) {
    const noise = randomStream({ seed: 1, purpose: `stand-in ${split}`, step: i }).normal(IMAGE_BYTES);
    const angle = (Math.PI * label) / CLASSES;
    for (let at = 0; at < IMAGE_BYTES; at++) {
      const channel = at % CHANNELS;
      const [x, y] = [Math.floor(at / CHANNELS) % SIDE, Math.floor(at / CHANNELS / SIDE)];
      const wave = Math.sin((x * Math.cos(angle) + y * Math.sin(angle)) / 3 + label * channel);
      const value = 128 + AMPLITUDE * wave + NOISE * noise[at]!;
      images[i * IMAGE_BYTES + at] = Math.min(255, Math.max(0, value));
    }
  }
  return { images, labels };
}
