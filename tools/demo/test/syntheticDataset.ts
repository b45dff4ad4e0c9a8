import { randomStream } from '@protocl/core';
import type { ImageDataset } from '@protocl/datasets';

/** Noisy images of 32 x 32 whose class is their colour. */
export function syntheticDataset(count: number, seed: number): ImageDataset {
  const random = randomStream({ seed, purpose: 'synthetic images' });
  const labels = random.integers(count, 10);
  const images = Uint8Array.from(random.integers(count * 3072, 90));
  for (let byte = 0; byte < images.length; byte++) {
    // The label in the ternary system, a digit for each channel.
    const digit = Math.floor(labels[Math.floor(byte / 3072)]! / 3 ** (byte % 3)) % 3;
    images[byte]! += 80 * digit;
  }
  const classNames = Array.from({ length: 10 }, (_, label) => `colour ${label}`);
  return { images, labels, shape: [count, 32, 32, 3], classNames };
}
