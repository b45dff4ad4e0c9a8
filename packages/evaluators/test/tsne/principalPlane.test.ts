import { expect, test } from '@jest/globals';
import { principalComponents } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

import { principalPlane } from '../../src/tsne/principalPlane.js';
import { describeOnEveryEngine } from '../engines.js';
import { matrix, uniform } from '../points.js';

describeOnEveryEngine('principalPlane', () => {
  test.each([
    [200, 40],
    [200, 5],
    [15, 60],
  ])('has the first two components of %d x %d, scaled', async (n, dimension) => {
    const x = matrix(
      uniform(n * dimension, 6).map((value, at) => value / (1 + (at % dimension)) + 2),
      dimension,
    );
    const before = tf.memory().numTensors;
    const plane = await principalPlane(x, 0);
    expect(tf.memory().numTensors).toBe(before);
    const exact = await principalComponents(x, { dimensions: 2 });
    const projected = exact.transform(x);
    const expected = projected.arraySync();
    const deviation = Math.sqrt(expected.reduce((sum, [first]) => sum + first! ** 2, 0) / n);
    for (const axis of [0, 1]) {
      const sign = Math.sign(plane[axis]! * expected[0]![axis]!);
      for (let i = 0; i < n; i++) {
        expect(sign * plane[2 * i + axis]! * 1e4).toBeCloseTo(expected[i]![axis]! / deviation, 2);
      }
    }
    projected.dispose();
    exact.dispose();
    x.dispose();
  });

  test('one dimension gives a line', async () => {
    const x = matrix([1, 2, 4, 9], 1);
    const plane = await principalPlane(x, 0);
    expect([...plane].filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0, 0]);
    x.dispose();
  });

  test('the same seed gives the same start where there is no variance', async () => {
    const x = tf.ones<tf.Rank.R2>([6, 3]);
    const [a, b, other] = [
      await principalPlane(x, 1),
      await principalPlane(x, 1),
      await principalPlane(x, 2),
    ];
    expect(a).toEqual(b);
    expect(a).not.toEqual(other);
    expect(new Set(a).size).toBe(12);
    x.dispose();
  });
});
