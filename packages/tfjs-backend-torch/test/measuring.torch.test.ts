import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import {
  deviceMemory,
  type KernelTime,
  profile,
  registerTorchBackend,
  resetDeviceMemoryPeak,
  synchronize,
} from '../src/index.js';
import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';
import { thrownBy } from './thrownBy.js';

test('without a running backend there is nothing to measure', async () => {
  registerTorchBackend();
  for (const measure of [synchronize, deviceMemory, resetDeviceMemoryPeak]) {
    expect(thrownBy(measure)).toMatchObject({ code: 'NOT_INITIALIZED' });
  }
  await expect(profile(() => {})).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
});

describe('on the CPU', () => {
  let large: tf.Tensor4D;
  let small: tf.Tensor4D;
  let filter: tf.Tensor4D;
  let matrix: tf.Tensor2D;
  beforeAll(async () => {
    await startTorch();
    large = tf.ones([4, 64, 64, 32]);
    small = tf.ones([1, 8, 8, 32]);
    filter = tf.ones([3, 3, 32, 32]);
    matrix = tf.ones([32, 32]);
    // The first profile, and the first convolution, prepare much that later ones do not.
    await profile(body);
  }, STARTUP_TIMEOUT_MS);

  function body(): void {
    tf.tidy(() => {
      tf.conv2d(large, filter, 1, 'same');
      tf.conv2d(small, filter, 1, 'same');
      tf.matMul(matrix, matrix);
    });
  }

  const named = (times: readonly KernelTime[], part: string): KernelTime[] =>
    times.filter(({ name }) => name.includes(part));

  test('there is nothing to wait for, and no memory but the processor has', () => {
    synchronize();
    resetDeviceMemoryPeak();
    expect(deviceMemory()).toBeNull();
  });

  test('a profile counts the calls, and the large convolution takes most of its time', async () => {
    const start = performance.now();
    const times = await profile(body);
    const elapsed = (performance.now() - start) / 1000;
    expect(times.every(({ kind }) => kind === 'operator')).toBe(true);
    expect(times.find(({ name }) => name === 'aten::convolution')).toMatchObject({ calls: 2 });
    expect(times.find(({ name }) => name === 'aten::matmul')).toMatchObject({ calls: 1 });
    // Counted in each of the operators that call each other, a convolution would come to more than has passed.
    const total = times.reduce((sum, { seconds }) => sum + seconds, 0);
    expect(total).toBeLessThan(elapsed);
    // libtorch may take another routine for the small one; both call themselves convolutions.
    const [first] = times;
    expect(first?.name).toContain('conv');
    expect(first?.seconds).toBeGreaterThan(0.5 * total);
  });

  test('it tells of what runs meanwhile, and of nothing before or after', async () => {
    tf.matMul(matrix, matrix).dispose();
    const times = await profile(async () => {
      await Promise.resolve();
      tf.relu(matrix).dispose();
    });
    tf.matMul(matrix, matrix).dispose();
    expect(named(times, 'mm')).toEqual([]);
    expect(named(times, 'relu')).toHaveLength(1);
    expect(await profile(() => {})).toEqual([]);
  });

  test("the addon's own operators have the name that JavaScript knows", async () => {
    const points = tf.ones([10, 3]);
    const times = await profile(() => {
      tf.engine().runKernel('NearestCentroid', { points, centroids: points }) as unknown;
    });
    expect(named(times, 'protocl').map(({ name }) => name)).toEqual(['protocl::nearest_centroid']);
  });

  test('nothing is left behind', async () => {
    const before = { tensors: tf.memory().numTensors, bytes: torchMemory().liveBytes };
    for (let round = 0; round < 5; round++) await profile(body);
    expect({ tensors: tf.memory().numTensors, bytes: torchMemory().liveBytes }).toEqual(before);
  });

  test('errors of the body come through, and the next profile runs', async () => {
    const error = new Error('of the body');
    await expect(
      profile(() => {
        throw error;
      }),
    ).rejects.toBe(error);
    await expect(profile(() => Promise.reject(error))).rejects.toBe(error);
    expect(named(await profile(body), 'convolution')).not.toEqual([]);
  });

  test('a profile within a profile is refused, and the outer one goes on', async () => {
    let inner: unknown;
    const times = await profile(async () => {
      inner = await profile(body).catch((error: unknown) => error);
      tf.relu(matrix).dispose();
    });
    expect(inner).toMatchObject({ code: 'PROFILER_RUNNING', remedy: expect.stringContaining('await') });
    expect(named(times, 'convolution')).toEqual([]);
    expect(named(times, 'relu')).toHaveLength(1);
  });
});
