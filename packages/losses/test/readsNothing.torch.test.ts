import { beforeAll, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { ntXent, protoNCE } from '@protocl/losses';

import { matrix, prototypesOf, unitRows, valueOf } from './samples.js';

beforeAll(() => useBackend('torch', { log: () => undefined }), 600_000);

test('no step waits for a device: nothing is read back, neither by the losses nor by their gradients', () => {
  const readSync = jest.spyOn(tf.backend(), 'readSync');
  const read = jest.spyOn(tf.backend(), 'read');
  tf.tidy(() => {
    const [query, key, queue] = [3, 3, 5].map((rows, i) => matrix(unitRows(rows, 4, `input ${i}`)));
    const prototypes = [4, 8].map((k) =>
      prototypesOf({
        centroids: unitRows(k, 4, `centroids ${k}`),
        assignments: [0, 1, 2, 0, 1],
        concentration: Array<number>(k).fill(0.1),
      }),
    );
    const rng = randomStream({ seed: 1, purpose: 'negatives' });
    const gradient = tf.grad((q) =>
      tf.add(
        protoNCE(q as Tensor2D, key!, queue!, prototypes, [0, 1, 3], {
          temperature: 0.2,
          prototypeNegatives: 2,
          rng,
        }),
        ntXent(q as Tensor2D, key!, { temperature: 0.2 }),
      ),
    )(query!);
    expect(readSync).not.toHaveBeenCalled();
    expect(read).not.toHaveBeenCalled();
    expect(valueOf(tf.sum(tf.abs(gradient)))).toBeGreaterThan(0);
    expect(readSync).toHaveBeenCalledTimes(1);
  });
});
