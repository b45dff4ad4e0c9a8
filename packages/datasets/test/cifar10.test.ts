import { expect, test } from '@jest/globals';
import { loadCifar10 } from '@protocl/datasets';

/** The first use downloads up to 170 MB. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

const log = (line: string) => process.stderr.write(`CIFAR-10: ${line}\n`);

test(
  'the real data set has its published size, balance and channel means',
  async () => {
    const train = await loadCifar10({ split: 'train', log });
    const testSet = await loadCifar10({ split: 'test', log });
    expect(train.shape).toEqual([50_000, 32, 32, 3]);
    expect(testSet.shape).toEqual([10_000, 32, 32, 3]);
    for (const { labels } of [train, testSet]) {
      const counts = new Array<number>(10).fill(0);
      for (const label of labels) counts[label]!++;
      expect(counts).toEqual(new Array(10).fill(labels.length / 10));
    }
    // The first images of the files: a frog, two trucks; a cat, two ships.
    const names = (set: typeof train) => [...set.labels.slice(0, 3)].map((label) => set.classNames[label]);
    expect(names(train)).toEqual(['frog', 'truck', 'truck']);
    expect(names(testSet)).toEqual(['cat', 'ship', 'ship']);

    const sums = [0, 0, 0];
    for (let i = 0; i < train.images.length; i += 3) {
      sums[0]! += train.images[i]!;
      sums[1]! += train.images[i + 1]!;
      sums[2]! += train.images[i + 2]!;
    }
    const means = sums.map((sum) => sum / (50_000 * 1024 * 255));
    expect(means[0]).toBeCloseTo(0.4914, 4);
    expect(means[1]).toBeCloseTo(0.48216, 4);
    expect(means[2]).toBeCloseTo(0.44653, 4);
  },
  DOWNLOAD_TIMEOUT_MS,
);
