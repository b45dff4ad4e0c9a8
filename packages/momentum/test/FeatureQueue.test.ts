import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { FeatureQueue } from '@protocl/momentum';
import type { State } from '@protocl/momentum';

import { describeOnEveryBackend } from './everyBackend.js';
import { bitsOf, sample, valuesOf } from './samples.js';

const rowsOf = (queue: FeatureQueue): number[][] => queue.tensor().arraySync();

describeOnEveryBackend('FeatureQueue', () => {
  test('begins with random unit vectors that the seed decides', () => {
    const make = (seed: number) => new FeatureQueue({ capacity: 400, dimension: 16, seed });
    const queues = [make(1), make(1), make(2)];
    const [rows, same, other] = queues.map(rowsOf);
    expect(same).toEqual(rows);
    expect(other).not.toEqual(rows);
    for (const row of rows!) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    // Directions are uniform: each element averages 0 and has the variance 1/16.
    const elements = rows!.flat();
    expect(Math.abs(elements.reduce((sum, value) => sum + value, 0) / elements.length)).toBeLessThan(0.01);
    expect(new Set(elements).size).toBeGreaterThan(6000);
    for (const queue of queues) queue.dispose();
  });

  // Batches that divide the capacity, that do not, that are the whole of it, and of changing sizes.
  test.each([[[4, 4, 4, 4]], [[5, 5, 5, 5, 5]], [[12, 12]], [[7, 12, 1, 11, 12]]])(
    'holds what a ring of rows would after pushes of %j',
    (sizes) => {
      const queue = new FeatureQueue({ capacity: 12, dimension: 3, seed: 1 });
      const ring = rowsOf(queue);
      let position = 0;
      sizes.forEach((size, step) => {
        const keys = sample<tf.Rank.R2>([size, 3], `keys ${step}`);
        for (const row of keys.arraySync()) {
          ring[position] = row;
          position = (position + 1) % 12;
        }
        queue.push(keys);
        keys.dispose();
        expect(rowsOf(queue)).toEqual(ring);
        expect(queue.position).toBe(position);
        expect(queue.tensor().shape).toEqual([12, 3]);
      });
      queue.dispose();
    },
  );

  test('is one tensor at all times, whoever tidies up, and gives the same one until a push', () => {
    const before = tf.memory();
    const made: FeatureQueue[] = [];
    tf.tidy(() => void made.push(new FeatureQueue({ capacity: 6, dimension: 2, seed: 1 })));
    const queue = made[0]!;
    for (let step = 0; step < 4; step++) {
      tf.tidy(() => queue.push(sample<tf.Rank.R2>([4, 2], 'keys')));
      expect(queue.tensor()).toBe(queue.tensor());
      expect(tf.memory().numTensors).toBe(before.numTensors + 1);
      expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers + 1);
    }
    queue.dispose();
    queue.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  });

  test('keys pushed during a differentiation get no gradient and are all that it leaves', () => {
    const queue = new FeatureQueue({ capacity: 6, dimension: 3, seed: 1 });
    const images = sample<tf.Rank.R2>([4, 3], 'images');
    const weights = tf.variable(sample<tf.Rank.R2>([3, 3], 'weights'));
    const before = tf.memory();
    let pushed: number[] = [];
    const step = () =>
      tf.variableGrads(() => {
        const keys: Tensor2D = tf.matMul(images, weights);
        queue.push(keys);
        pushed = valuesOf(keys);
        return tf.add(tf.sum(keys), tf.sum(queue.tensor()));
      }, [weights]);
    const expected = tf.tidy(() => valuesOf(tf.tile(tf.reshape(tf.sum(images, 0), [3, 1]), [1, 3])));
    for (let repetition = 0; repetition < 2; repetition++) {
      const { value, grads } = step();
      valuesOf(grads[weights.name]!).forEach((slope, i) => expect(slope).toBeCloseTo(expected[i]!, 5));
      tf.dispose([value, grads]);
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    }
    // The second push began at row 4, so its last two keys are in the first rows.
    expect(valuesOf(queue.tensor()).slice(0, 6)).toEqual(pushed.slice(6));
    tf.dispose([images, weights]);
    queue.dispose();
  });

  test('a state holds every bit and the position, as they were at the call, and is of its own', async () => {
    const queue = new FeatureQueue({ capacity: 5, dimension: 2, seed: 1 });
    const other = new FeatureQueue({ capacity: 5, dimension: 2, seed: 2 });
    const keys = tf.tensor2d([-0, 1e-42, 1 / 3, NaN, Infinity, 1], [3, 2]);
    queue.push(keys);
    const [bits, count] = [bitsOf(queue.tensor()), tf.memory().numTensors];
    const reading = queue.toState();
    queue.push(keys);
    const state = await reading;
    expect(state.values).toEqual({ position: 3 });
    expect(bitsOf(state.tensors['features']!.data)).toEqual(bits);
    other.fromState(structuredClone(state));
    queue.fromState(state);
    state.tensors['features']!.data.fill(7);
    for (const restored of [queue, other]) {
      expect(bitsOf(restored.tensor())).toEqual(bits);
      expect(restored.position).toBe(3);
      restored.push(keys);
    }
    expect(bitsOf(other.tensor())).toEqual(bitsOf(queue.tensor()));
    expect(tf.memory().numTensors).toBe(count);
    keys.dispose();
    queue.dispose();
    other.dispose();
  });

  test('a state that does not fit changes nothing', async () => {
    const queue = new FeatureQueue({ capacity: 3, dimension: 2, seed: 1 });
    const before = valuesOf(queue.tensor());
    const features = { dtype: 'float32' as const, shape: [3, 2], data: new Float32Array(6) };
    const unfit: State[] = [
      { tensors: { features } },
      ...[3, -1, 0.5, '1', null].map((position) => ({ tensors: { features }, values: { position } })),
      { tensors: {}, values: { position: 0 } },
      { tensors: { features: { ...features, shape: [2, 3] } }, values: { position: 0 } },
    ];
    for (const wrong of unfit) {
      expect(() => queue.fromState(wrong)).toThrow(expect.objectContaining({ code: 'STATE_MISMATCH' }));
    }
    expect(valuesOf(queue.tensor())).toEqual(before);
    queue.dispose();
  });

  const refusals: [string, (queue: FeatureQueue) => unknown, string][] = [
    ['a push larger than it is', (queue) => queue.push(tf.zeros([4, 2])), 'BATCH_TOO_LARGE'],
    ['a push of nothing', (queue) => queue.push(tf.zeros([0, 2])), 'INVALID_SHAPE'],
    ['keys of another size', (queue) => queue.push(tf.zeros([1, 3])), 'INVALID_SHAPE'],
    ['keys of another rank', (queue) => queue.push(tf.zeros([2]) as unknown as Tensor2D), 'INVALID_SHAPE'],
    ['integers', (queue) => queue.push(tf.zeros([1, 2], 'int32')), 'INVALID_DTYPE'],
    ['no capacity', () => new FeatureQueue({ capacity: 0, dimension: 2, seed: 1 }), 'INVALID_OPTION'],
    ['half a dimension', () => new FeatureQueue({ capacity: 1, dimension: 0.5, seed: 1 }), 'INVALID_OPTION'],
    [
      'more keys than fit into memory',
      () => new FeatureQueue({ capacity: 1e13, dimension: 2, seed: 1 }),
      'INSUFFICIENT_MEMORY',
    ],
    ['a negative seed', () => new FeatureQueue({ capacity: 1, dimension: 2, seed: -1 }), 'RANDOM_RANGE'],
  ];
  test.each(refusals)('refuses %s', (_, call, code) => {
    const queue = new FeatureQueue({ capacity: 3, dimension: 2, seed: 1 });
    const before = valuesOf(queue.tensor());
    tf.tidy(() => expect(() => call(queue)).toThrow(expect.objectContaining({ code })));
    expect(valuesOf(queue.tensor())).toEqual(before);
    expect(queue.position).toBe(0);
    queue.dispose();
  });

  test('refuses everything once disposed', async () => {
    const queue = new FeatureQueue({ capacity: 3, dimension: 2, seed: 1 });
    queue.dispose();
    const disposed = expect.objectContaining({ code: 'DISPOSED' });
    expect(() => queue.tensor()).toThrow(disposed);
    expect(() => tf.tidy(() => queue.push(tf.zeros([1, 2])))).toThrow(disposed);
    expect(() => queue.fromState({ tensors: {} })).toThrow(disposed);
    await expect(queue.toState()).rejects.toThrow(disposed);
  });
});
