import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';

beforeAll(() => startTorch(), STARTUP_TIMEOUT_MS);

let tensorsBefore = 0;

beforeEach(() => {
  tf.engine().startScope();
  tensorsBefore = tf.memory().numTensors;
});

afterEach(() => {
  tf.engine().endScope();
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

const counting = (shape: number[], dtype: tf.NumericDataType = 'float32'): tf.Tensor =>
  tf.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
    dtype,
  );

const values = (x: tf.Tensor): number[] => Array.from(x.dataSync());

describe('a part of a tensor', () => {
  const whole = 4 * 2 ** 20;
  const parts: Record<string, (x: tf.Tensor) => tf.Tensor[]> = {
    slice: (x) => [tf.slice(x, [1, 0], [1, 256])],
    stridedSlice: (x) => [tf.stridedSlice(x, [0, 0], [4096, 256], [2048, 1])],
    split: (x) => tf.split(x, [1, 4095]).slice(0, 1),
    unstack: (x) => tf.unstack(x).slice(0, 1),
  };

  test.each(Object.keys(parts))('by %s does not keep the memory of the whole', (name) => {
    const before = torchMemory().liveBytes;
    const rows = tf.tidy(() => (parts[name] as (x: tf.Tensor) => tf.Tensor[])(tf.zeros([4096, 256])));
    expect(torchMemory().liveBytes - before).toBeLessThan(whole / 100);
    expect(rows[0]?.size).toBeLessThanOrEqual(512);
  });
});

describe('stridedSlice', () => {
  test('steps backwards', () => {
    const x = counting([4, 5], 'int32');
    const result = tf.stridedSlice(x, [3, 4], [0, 0], [-2, -3]);
    expect(result.shape).toEqual([2, 2]);
    expect(values(result)).toEqual([19, 16, 9, 6]);
  });

  test('drops and adds axes', () => {
    const result = tf.stridedSlice(counting([2, 3, 4]), [1, 0, 1], [2, 3, 3], [1, 2, 1], 0, 0, 0, 0, 1);
    expect(result.shape).toEqual([2, 2]);
    expect(values(result)).toEqual([13, 14, 21, 22]);
  });
});

describe('gather', () => {
  test('takes each batch by its own indices', () => {
    const x = counting([2, 2, 3, 2]);
    const indices = tf.tensor2d([2, 0, 0, 1], [2, 2], 'int32');
    const result = tf.gather(x, indices, 2, 1);
    expect(result.shape).toEqual([2, 2, 2, 2]);
    const expected: number[] = [];
    for (const batch of [0, 1]) {
      for (const row of [0, 1]) {
        for (const index of batch === 0 ? [2, 0] : [0, 1]) {
          for (const last of [0, 1]) expected.push(12 * batch + 6 * row + 2 * index + last);
        }
      }
    }
    expect(values(result)).toEqual(expected);
  });

  test('of no index is empty', () => {
    const result = tf.gather(counting([3, 2]), tf.tensor1d([], 'int32'));
    expect(result.shape).toEqual([0, 2]);
  });

  test('gatherND refuses an index outside of one axis that falls on an element of another row', () => {
    const x = counting([3, 4]);
    expect(() => tf.gatherND(x, tf.tensor2d([0, 5], [1, 2], 'int32'))).toThrow(/INDEX_OUT_OF_RANGE/);
    expect(values(tf.gatherND(x, tf.tensor2d([0, 3, 2, 1], [2, 2], 'int32')))).toEqual([3, 9]);
  });
});

describe('scattering', () => {
  const indices = (): tf.Tensor2D => tf.tensor2d([1, 3, 1], [3, 1], 'int32');

  test('scatterND adds up what falls on one place', () => {
    const result = tf.scatterND(indices(), tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), [4, 2]);
    expect(values(result)).toEqual([0, 0, 6, 8, 0, 0, 3, 4]);
  });

  test('tensorScatterUpdate leaves its input as it was', () => {
    const x = counting([4]);
    const result = tf.tensorScatterUpdate(x, tf.tensor2d([2, 0], [2, 1], 'int32'), tf.tensor1d([-1, -2]));
    expect(values(result)).toEqual([-2, 1, -1, 3]);
    expect(values(x)).toEqual([0, 1, 2, 3]);
  });

  test('sparseToDense fills the rest, also with truth values', () => {
    const places = tf.tensor1d([0, 2], 'int32');
    expect(values(tf.sparseToDense(places, tf.tensor1d([5, 6]), [4], tf.scalar(9)))).toEqual([5, 9, 6, 9]);
    const truths = tf.sparseToDense(places, tf.tensor1d([0, 0], 'bool'), [4], tf.scalar(1, 'bool'));
    expect(values(truths)).toEqual([0, 1, 0, 1]);
  });

  test('unsortedSegmentSum leaves out rows of no segment', () => {
    const x = counting([5, 2]);
    const segments = tf.tensor1d([1, -1, 0, 7, 1], 'int32');
    expect(values(tf.unsortedSegmentSum(x, segments, 3))).toEqual([4, 5, 8, 10, 0, 0]);
  });
});

describe('padding and rearranging', () => {
  test.each(['reflect', 'symmetric'] as const)('mirrorPad with mode %s', (mode) => {
    const result = tf.mirrorPad(
      counting([2, 3]),
      [
        [1, 1],
        [2, 1],
      ],
      mode,
    );
    const rows = mode === 'reflect' ? [1, 0, 1, 0] : [0, 0, 1, 1];
    const columns = mode === 'reflect' ? [2, 1, 0, 1, 2, 1] : [1, 0, 0, 1, 2, 2];
    expect(result.shape).toEqual([4, 6]);
    expect(values(result)).toEqual(rows.flatMap((row) => columns.map((column) => 3 * row + column)));
  });

  test('pad fills truth values and empty tensors too', () => {
    expect(values(tf.pad(tf.tensor1d([1, 0], 'bool'), [[1, 2]], 1))).toEqual([1, 1, 0, 1, 1]);
    const empty = tf.pad(
      tf.zeros([0, 2]),
      [
        [1, 0],
        [0, 1],
      ],
      3,
    );
    expect(empty.shape).toEqual([1, 3]);
    expect(values(empty)).toEqual([3, 3, 3]);
  });

  test('batchToSpaceND undoes spaceToBatchND', () => {
    const x = counting([2, 3, 5, 2]);
    const pads = [
      [1, 0],
      [0, 1],
    ];
    const split = tf.spaceToBatchND(x, [2, 3], pads);
    expect(split.shape).toEqual([12, 2, 2, 2]);
    // The first batch holds every second row and third column, from the padded corner on.
    expect(values(split).slice(0, 8)).toEqual([0, 0, 0, 0, 10, 11, 16, 17]);
    expect(values(tf.batchToSpaceND(split, [2, 3], pads))).toEqual(values(x));
  });

  test('depthToSpace spreads channels over blocks', () => {
    const result = tf.depthToSpace(counting([1, 1, 2, 8]) as tf.Tensor4D, 2);
    expect(result.shape).toEqual([1, 2, 4, 2]);
    expect(values(result)).toEqual([0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15]);
  });
});

describe('strings', () => {
  const words = (): tf.Tensor1D => tf.tensor1d(['a', 'bé', 'c', ''], 'string');
  const text = (x: tf.Tensor): unknown => x.dataSync<'string'>();

  test('are moved by the same kernels', () => {
    expect(text(tf.slice(words(), 1, 2))).toEqual(['bé', 'c']);
    expect(text(tf.concat([words(), words()]))).toHaveLength(8);
    expect(text(tf.tile(tf.slice(words(), 0, 2), [2]))).toEqual(['a', 'bé', 'a', 'bé']);
    expect(text(tf.unstack(words())[1] as tf.Tensor)).toEqual(['bé']);
    expect(text(tf.stack([tf.slice(words(), 0, 1), tf.slice(words(), 1, 1)]))).toEqual(['a', 'bé']);
  });

  test('are split and replaced by kernels that run on the host', () => {
    const { values: parts } = tf.string.stringSplit(tf.tensor1d(['one two', 'three']), ' ') as unknown as {
      values: tf.Tensor;
    };
    expect(text(parts)).toEqual(['one', 'two', 'three']);
    expect(text(tf.string.staticRegexReplace(words(), '[ac]', 'x'))).toEqual(['x', 'bé', 'x', '']);
  });
});

describe('kernels that run on the host', () => {
  test('unique finds the first of each', () => {
    const { values: found, indices } = tf.unique(tf.tensor1d([4, 2, 4, 4, 9, 2], 'int32'));
    expect(found.dtype).toBe('int32');
    expect(values(found)).toEqual([4, 2, 9]);
    expect(values(indices)).toEqual([0, 1, 0, 0, 2, 1]);
  });

  test('leave the backend that is active and keep nothing', () => {
    const before = torchMemory().liveBytes;
    tf.tidy(() => void tf.unique(counting([1000], 'int32')));
    expect(tf.getBackend()).toBe('torch');
    expect(torchMemory().liveBytes).toBe(before);
  });

  test('nonMaxSuppression keeps the best of overlapping boxes', () => {
    const boxes = tf.tensor2d([0, 0, 1, 1, 0, 0.05, 1, 1.05, 0, 3, 1, 4], [3, 4]);
    const kept = tf.image.nonMaxSuppression(boxes, tf.tensor1d([0.6, 0.9, 0.3]), 3, 0.5);
    expect(values(kept)).toEqual([1, 2]);
  });
});
