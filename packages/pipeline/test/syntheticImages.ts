import { randomStream } from '@protocl/core';
import type { ImageDataset } from '@protocl/datasets';

/** Noisy images whose class is their colour. */
export function syntheticImages(count: number, seed: number, size = 12): ImageDataset {
  const random = randomStream({ seed, purpose: 'synthetic images' });
  const classes = 4;
  const pixels = size * size * 3;
  const labels = random.integers(count, classes);
  const images = Uint8Array.from(random.integers(count * pixels, 100));
  for (let byte = 0; byte < images.length; byte++) {
    const label = labels[Math.floor(byte / pixels)]!;
    // Red, green, blue or none of them is brighter.
    if (byte % 3 === label) images[byte]! += 150;
  }
  const classNames = ['red', 'green', 'blue', 'gray'];
  return { images, labels, shape: [count, size, size, 3], classNames };
}
