import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { TorchBackend } from '../src/index.js';
import { stridesOf } from '../src/native/description.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

beforeAll(async () => startTorch(), STARTUP_TIMEOUT_MS);

const shape: [number, number, number, number] = [3, 2, 4, 5];
const size = tf.util.sizeFromShape(shape);
const rowMajor = [40, 20, 5, 1];

/** Values in no order, between -1 and 1, none of them twice. */
const values = Array.from({ length: size }, (_, i) => ((i * 37) % size) / (size / 2) - 1 + 1 / 256);

function contiguous(): tf.Tensor4D {
  return tf.tensor4d(values, shape);
}

/** A view of the values that was stored with its axes in this order. */
function transposedFrom(stored: number[], use?: (stored: tf.Tensor) => void): tf.Tensor4D {
  return tf.tidy(() => {
    const permuted = tf.transpose(contiguous(), stored);
    const copy = tf.tensor(permuted.dataSync(), permuted.shape);
    use?.(copy);
    const back = [0, 1, 2, 3].map((axis) => stored.indexOf(axis));
    return tf.transpose<tf.Tensor4D>(copy as tf.Tensor4D, back);
  });
}

/** A filter takes another layout at its first convolution. */
function useAsFilter(filter: tf.Tensor): void {
  tf.tidy(() =>
    tf.conv2d(tf.ones<tf.Rank.R4>([1, 6, 6, filter.shape[2] as number]), filter as tf.Tensor4D, 1, 'same'),
  );
}

/** Tensors of the same values, each with another way to lie in memory. */
const layouts: Record<string, () => tf.Tensor4D> = {
  'a view with all axes in another order': () => transposedFrom([3, 1, 0, 2]),
  'a view with the last axes swapped': () => transposedFrom([0, 1, 3, 2]),
  'a filter that a convolution has used': () => {
    const filter = contiguous();
    useAsFilter(filter);
    return filter;
  },
  'a view of such a filter': () => transposedFrom([1, 0, 3, 2], useAsFilter),
  'what is computed from such a filter': () =>
    tf.tidy(() => {
      const filter = contiguous();
      useAsFilter(filter);
      return tf.add<tf.Tensor4D>(filter, 0);
    }),
};

const other = (): tf.Tensor4D => tf.tensor4d([...values].reverse(), shape);
const image = (): tf.Tensor4D => tf.reshape(tf.linspace(-1, 1, 5 * 5 * 4), [1, 5, 5, 4]);
const gradient = (): tf.Tensor4D => tf.reshape(tf.linspace(-1, 1, 5 * 5 * 5), [1, 5, 5, 5]);

/** What is computed of a tensor of any layout; one or two kernels of each family. */
const computations: Record<string, (x: tf.Tensor4D) => tf.Tensor | tf.Tensor[]> = {
  Identity: (x) => tf.clone(x),
  Reshape: (x) => tf.reshape(x, [6, 20]),
  Cast: (x) => [tf.cast(tf.mul(x, 8), 'int32'), tf.cast(x, 'bool')],
  Transpose: (x) => tf.transpose(x, [1, 3, 2, 0]),
  Slice: (x) => tf.slice(x, [1, 0, 1, 2], [2, 2, 2, 3]),
  StridedSlice: (x) => tf.stridedSlice(x, [0, 0, 0, 0], shape, [2, 1, 3, 2]),
  Concat: (x) => tf.concat([x, other()], 2),
  Pack: (x) => tf.stack([x, other()], 1),
  Unpack: (x) => tf.unstack(x, 2),
  Split: (x) => tf.split(x, [1, 3], 2),
  Tile: (x) => tf.tile(x, [1, 2, 1, 2]),
  Pad: (x) =>
    tf.pad(x, [
      [0, 0],
      [1, 0],
      [0, 2],
      [1, 1],
    ]),
  MirrorPad: (x) =>
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 0],
        [0, 2],
        [1, 1],
      ],
      'reflect',
    ),
  Reverse: (x) => tf.reverse(x, [1, 3]),
  Gather: (x) => [tf.gather(x, [2, 0, 2]), tf.gather(x, [4, 0, 1], 3)],
  GatherNd: (x) => tf.gatherND(x, tf.tensor2d([2, 1, 3, 1, 0, 1], [2, 3], 'int32')),
  ScatterNd: (x) => tf.scatterND(tf.tensor2d([4, 0, 2], [3, 1], 'int32'), x, [6, 2, 4, 5]),
  Add: (x) => [tf.add(x, other()), tf.add(x, 2), tf.add(x, tf.range(0, 5))],
  Subtract: (x) => tf.sub(other(), x),
  Maximum: (x) => tf.maximum(x, other()),
  Less: (x) => tf.less(x, other()),
  Where: (x) => tf.where(tf.greater(x, 0), x, other()),
  AddN: (x) => tf.addN([x, other(), x]),
  Relu: (x) => tf.relu(x),
  Exp: (x) => tf.exp(x),
  Clip: (x) => tf.clipByValue(x, -0.5, 0.25),
  Prelu: (x) => tf.prelu(x, tf.tensor4d([0.1, 0.2, 0.3, 0.4, 0.5], [1, 1, 1, 5])),
  Sum: (x) => [tf.sum(x), tf.sum(x, 1), tf.sum(x, [0, 2, 3])],
  Mean: (x) => [tf.mean(x, [0, 1, 2]), tf.mean(x, 3)],
  Max: (x) => tf.max(x, 2),
  Prod: (x) => tf.prod(x, 0),
  ArgMax: (x) => [tf.argMax(x, 3), tf.argMin(x, 1)],
  Any: (x) => tf.any(tf.greater(x, 0.9), 2),
  Cumsum: (x) => [tf.cumsum(x, 2), tf.cumsum(x, 1, true, true)],
  TopK: (x) => Object.values(tf.topk(x, 3)),
  Softmax: (x) => [tf.softmax(x), tf.logSoftmax(x)],
  MatMul: (x) => [
    tf.matMul(x, other(), false, true),
    tf.matMul(other(), x, true, false),
    tf.matMul(tf.reshape(x, [6, 20]), tf.reshape(other(), [20, 6])),
  ],
  Conv2D: (x) => [
    tf.conv2d(image(), x, 1, 'same'),
    tf.conv2d(image(), x, 2, 'valid'),
    tf.conv2d(x, tf.ones([2, 2, 5, 3]), 1, 'same'),
  ],
  FusedConv2D: (x) =>
    tf.fused.conv2d({
      x: image(),
      filter: x,
      strides: 1,
      pad: 'same',
      bias: tf.range(0, 5),
      activation: 'relu',
    }),
  Conv2DBackpropInput: (x) => tf.conv2dTranspose(gradient(), x, [1, 5, 5, 4], 1, 'same'),
  DepthwiseConv2D: (x) => tf.depthwiseConv2d(image(), x, 1, 'same'),
  MaxPool: (x) => tf.maxPool(x, [2, 2], 1, 'same'),
  AvgPool: (x) => tf.avgPool(x, [2, 2], [1, 2], 'same'),
  BatchNorm: (x) => tf.batchNorm(x, tf.range(0, 5), tf.range(1, 6), tf.range(2, 7), tf.range(3, 8)),
  ResizeBilinear: (x) => tf.image.resizeBilinear(x, [5, 3]),
  OneHot: (x) => tf.oneHot(tf.cast(tf.abs(tf.mul(x, 4)), 'int32'), 5),
  Bincount: (x) => tf.bincount(tf.reshape(tf.cast(tf.abs(tf.mul(x, 4)), 'int32'), [size]), [], 5),
  UnsortedSegmentSum: (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], 'int32'), 3),
  SpaceToBatch: (x) =>
    tf.spaceToBatchND(
      x,
      [1, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  DepthToSpace: (x) => tf.depthToSpace(tf.tile(x, [1, 1, 1, 4]), 2),
  Complex: (x) => tf.abs(tf.complex(x, other())),
  Fft: (x) => tf.abs(tf.spectral.fft(tf.complex(x, other()))),
  NonMaxSuppression: (x) =>
    tf.image.nonMaxSuppression(
      tf.reshape(x, [30, 4]),
      tf.reshape(tf.slice(x, [0, 0, 0, 0], [3, 2, 1, 5]), [30]),
      4,
    ),
  Unique: (x) => Object.values(tf.unique(x, 0)),
};

/** Whether this file tests what it says: the strides in which a tensor lies in memory. */
function stridesIn(tensor: tf.Tensor): number[] {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) throw new Error('Another backend is active.');
  return stridesOf(backend.handle(tensor));
}

describe.each(Object.keys(layouts))('%s', (layout) => {
  const make = layouts[layout] as () => tf.Tensor4D;

  test('does not lie in memory row by row', () => {
    tf.tidy(() => {
      expect(stridesIn(contiguous())).toEqual(rowMajor);
      expect(stridesIn(make())).not.toEqual(rowMajor);
    });
  });

  test('is read in row-major order', () => {
    tf.tidy(() => {
      expect(Array.from(make().dataSync())).toEqual(Array.from(contiguous().dataSync()));
    });
  });

  test.each(Object.keys(computations))('%s computes the same of it', (name) => {
    const compute = computations[name] as (x: tf.Tensor4D) => tf.Tensor | tf.Tensor[];
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = make();
      const results = [compute(x)].flat();
      const expected = [compute(contiguous())].flat();
      expect(results).toHaveLength(expected.length);
      results.forEach((result, i) => {
        const wanted = expected[i] as tf.Tensor;
        expect([result.dtype, result.shape]).toEqual([wanted.dtype, wanted.shape]);
        const difference = tf.max(tf.abs(tf.sub(tf.cast(result, 'float32'), tf.cast(wanted, 'float32'))));
        expect(difference.dataSync()[0]).toBeLessThan(1e-5);
      });
      expect(Array.from(x.dataSync())).toEqual(Array.from(contiguous().dataSync()));
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a step in place', () => {
  const steps: Record<string, (target: tf.Tensor, by: tf.Tensor) => tf.Tensor> = {
    'of the optimizer': (parameter0, gradient0) => {
      const inputs = { parameter0, gradient0, velocity0: tf.zerosLike(parameter0) };
      const attributes = { count: 1, learningRate: 1, momentum: 0, weightDecay: 0, nesterov: false };
      return tf.engine().runKernel<tf.Tensor[]>('SgdMomentumStep', inputs, attributes)[0] as tf.Tensor;
    },
    'of an average': (average0, value0) => {
      const attributes = { count: 1, momentum: 0.5 };
      const inputs = { average0, value0 };
      return tf
        .engine()
        .runKernel<tf.Tensor[]>('ExponentialMovingAverageStep', inputs, attributes)[0] as tf.Tensor;
    },
  };
  const changed: Record<string, (target: number, by: number) => number> = {
    'of the optimizer': (target, by) => target - by,
    'of an average': (target, by) => (target + by) / 2,
  };

  const holders: Record<string, (target: tf.Tensor) => tf.Tensor> = {
    'a clone': (target) => tf.clone(target),
    'a reshaped tensor': (target) => tf.reshape(target, [3, 2]),
    'a transposed tensor': (target) => tf.transpose(target),
    'a part': (target) => tf.slice(target, [0, 1], [2, 2]),
  };

  describe.each(Object.keys(steps))('%s', (name) => {
    const step = steps[name] as (target: tf.Tensor, by: tf.Tensor) => tf.Tensor;
    const expected = (target: number[], by: number[]): number[] =>
      target.map((value, i) =>
        (changed[name] as (target: number, by: number) => number)(value, by[i] as number),
      );

    test.each(Object.keys(holders))('leaves %s as it was', (holder) => {
      tf.tidy(() => {
        const target = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
        const held = (holders[holder] as (target: tf.Tensor) => tf.Tensor)(target);
        const before = Array.from(held.dataSync());
        const by = [10, 20, 30, 40, 50, 60];
        const result = step(target, tf.tensor2d(by, [2, 3]));
        expect(Array.from(result.dataSync())).toEqual(expected([1, 2, 3, 4, 5, 6], by));
        expect(Array.from(held.dataSync())).toEqual(before);
      });
    });

    test('walks tensors of different layouts together', () => {
      tf.tidy(() => {
        const target = transposedFrom([3, 1, 0, 2]);
        const by = other();
        const result = step(target, by);
        const wanted = expected(Array.from(contiguous().dataSync()), Array.from(by.dataSync()));
        expect(Array.from(result.dataSync())).toEqual(wanted.map((value) => expect.closeTo(value, 5)));
      });
    });

    test('treats each element of a broadcast tensor by itself', () => {
      tf.tidy(() => {
        const by = [10, 20, 30, 40, 50, 60];
        const result = step(tf.broadcastTo(tf.tensor2d([7], [1, 1]), [2, 3]), tf.tensor2d(by, [2, 3]));
        expect(Array.from(result.dataSync())).toEqual(expected([7, 7, 7, 7, 7, 7], by));
      });
    });
  });
});
