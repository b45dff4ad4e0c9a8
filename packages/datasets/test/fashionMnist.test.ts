import { expect, test } from '@jest/globals';
import { datasetNames, fetchDataset, loadFashionMnist } from '@protocl/datasets';

/** The first use downloads 31 MB. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

const log = (line: string) => process.stderr.write(`Fashion-MNIST: ${line}\n`);

test(
  'the real data set has its published size, balance, first labels, mean and deviation',
  async () => {
    await fetchDataset('fashion-mnist', { log });
    const train = await loadFashionMnist({ split: 'train' });
    const testSet = await loadFashionMnist({ split: 'test' });
    expect(train.shape).toEqual([60_000, 28, 28, 1]);
    expect(testSet.shape).toEqual([10_000, 28, 28, 1]);
    for (const { labels } of [train, testSet]) {
      const counts = new Array<number>(10).fill(0);
      for (const label of labels) counts[label]!++;
      expect(counts).toEqual(new Array(10).fill(labels.length / 10));
    }
    expect([...train.labels.slice(0, 10)]).toEqual([9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    expect([...testSet.labels.slice(0, 10)]).toEqual([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);

    let sum = 0;
    let squares = 0;
    for (const pixel of train.images) {
      sum += pixel / 255;
      squares += (pixel / 255) ** 2;
    }
    const mean = sum / train.images.length;
    expect(mean).toBeCloseTo(0.286, 3);
    expect(Math.sqrt(squares / train.images.length - mean ** 2)).toBeCloseTo(0.353, 3);
  },
  DOWNLOAD_TIMEOUT_MS,
);

test('names the data sets that can be fetched', async () => {
  expect(datasetNames).toEqual(['cifar10', 'fashion-mnist']);
  await expect(fetchDataset('imagenet')).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    expected: 'one of cifar10, fashion-mnist',
  });
});
