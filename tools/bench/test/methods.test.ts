import { expect, test } from '@jest/globals';

import { methodCases } from '../methods/cases.js';
import { parseOptions } from '../options.js';

test('every rival of the laptop grid takes a step on the images that PCL does', () => {
  const cases = methodCases(parseOptions(['methods', '--threads', '1,2']));
  const rivals = ['moco-v2', 'simclr', 'deepcluster'];
  expect(cases.map(({ name, limit }) => [name, limit])).toEqual(
    [1, 2].flatMap((threads) => rivals.map((rival) => [`${rival}/threads-${threads}`, 1.1])),
  );
  for (const { ours, peers } of cases) {
    expect(peers).toMatchObject([{ task: { config: { method: { kind: 'pcl' } } } }]);
    const [{ task }] = peers as [(typeof peers)[number]];
    for (const side of [ours, task]) {
      expect(side['config']).toMatchObject({
        data: { kind: 'cifar10', limit: 10_000 },
        encoder: { architecture: 'resnet8', width: 32 },
        training: { batchSize: 64 },
      });
    }
  }
});
