import { randomStream } from '@protocl/core';
import type { ImageDataset } from '@protocl/datasets';

/** Images of 32 x 32 whose class can be told: each is bright in one of ten rows of stripes. */
export function syntheticDataset(count: number, seed: number): ImageDataset {
  const random = randomStream({ seed, purpose: 'synthetic images' });
  const labels = random.integers(count, 10);
  const images = Uint8Array.from(random.integers(count * 3072, 100));
  for (const [index, label] of labels.entries()) {
    for (let row = label * 3; row < label * 3 + 3; row++) {
      images.fill(250, index * 3072 + row * 96, index * 3072 + (row + 1) * 96);
    }
  }
  return { images, labels, shape: [count, 32, 32, 3], classNames: [...'abcdefghij'] };
}
