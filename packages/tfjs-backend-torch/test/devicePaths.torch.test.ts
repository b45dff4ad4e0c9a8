import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { inBlocks } from '../src/kernels/inBlocks.js';
import { addon, type Handle, type OperatorArgument } from '../src/native/addon.js';
import { shapeOf, stridesOf } from '../src/native/description.js';
import { operator } from '../src/native/operator.js';
import { type DeviceTraffic, watchDevice } from './deviceTraffic.js';
import { activeTorch, STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

// What other devices do with tensors, done on the CPU. tfjs-core's own suite says whether the numbers are right.

let traffic: () => DeviceTraffic;
let copies = 0;

/** What CUDA's steps over lists refuse and the CPU's do not. */
function requireWhatCudaRequires(name: string, values: readonly OperatorArgument[]): void {
  if (name === 'aten::copy_') copies++;
  if (!/^aten::(_fused_sgd_|_foreach_)/.test(name)) return;
  const lists = values.filter((value) => Array.isArray(value)) as Handle[][];
  const layouts = lists.map((list) => list.map((handle) => [shapeOf(handle), stridesOf(handle)]));
  for (const layout of layouts) expect(layout).toEqual(layouts[0]);
  if (name === 'aten::_fused_sgd_') expect(values[4]).toBeGreaterThan(0);
}

beforeAll(async () => {
  await startTorch({ device: 'cpu:0' });
  traffic = watchDevice(requireWhatCudaRequires);
}, STARTUP_TIMEOUT_MS);

beforeEach(() => {
  traffic();
  copies = 0;
});

describe('indices are checked', () => {
  const rows = () => tf.reshape(tf.range(0, 12), [4, 3]);

  test('without asking the device, where they come from JavaScript', () => {
    tf.tidy(() => {
      const indices = tf.tensor1d([3, 0, 2], 'int32');
      tf.gather(rows(), indices);
      tf.gather(rows(), tf.reshape(tf.slice(indices, 1, 2), [2, 1]));
      tf.gatherND(rows(), tf.tensor2d([2, 1, 0, 2], [2, 2], 'int32'));
      tf.scatterND(tf.tensor2d([1, 0], [2, 1], 'int32'), tf.ones([2, 3]), [4, 3]);
      tf.bincount(indices, [], 4);
      expect(traffic().reads).toEqual([]);
    });
  });

  test('without asking the device, where a kernel made them', () => {
    tf.tidy(() => {
      tf.gather(rows(), tf.argMax(tf.ones([5, 4]), 1));
      tf.gather(rows(), tf.gather(tf.tensor1d([3, 1], 'int32'), tf.argMin(tf.ones([5, 2]), 1)));
      expect(traffic().reads).toEqual([]);
      const { indices } = tf.topk(tf.tensor2d([1, 4, 2, 3], [1, 4]), 2);
      traffic();
      tf.gather(rows(), indices);
      expect(traffic().reads).toEqual([]);
    });
  });

  test('in one transfer where nothing is known of them', () => {
    tf.tidy(() => {
      tf.gather(rows(), tf.add(tf.tensor1d([1, 2], 'int32'), tf.scalar(1, 'int32')));
      expect(traffic().reads).toEqual(['read']);
      const far = tf.add(tf.tensor1d([1, 2], 'int32'), tf.scalar(2, 'int32'));
      expect(() => tf.gather(rows(), far)).toThrow(expect.objectContaining({ code: 'INDEX_OUT_OF_RANGE' }));
    });
  });

  test('in earnest', () => {
    tf.tidy(() => {
      for (const index of [-1, 4]) {
        const indices = tf.tensor1d([0, index], 'int32');
        const error = expect.objectContaining({
          code: 'INDEX_OUT_OF_RANGE',
          given: [Math.min(0, index), Math.max(0, index)],
        });
        expect(() => tf.gather(rows(), indices)).toThrow(error);
      }
      // Of what is left of indices that are out of range, no index need be.
      const some = tf.slice(tf.tensor1d([9, 1, 3], 'int32'), 1, 2);
      expect(tf.gather(rows(), some).arraySync()).toEqual([
        [3, 4, 5],
        [9, 10, 11],
      ]);
    });
  });
});

function filterGradient(x: tf.Tensor4D, dy: tf.Tensor, filterShape: number[], strides: number): tf.Tensor {
  const attributes = { strides, pad: 'same', dataFormat: 'NHWC', filterShape };
  return tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes);
}

describe('a step of SGD', () => {
  interface Step {
    readonly parameters: tf.Tensor[];
    readonly velocities: tf.Tensor[];
    readonly gradients: tf.Tensor[];
    readonly momentum: number;
  }

  const zeros = (like: tf.Tensor[]) => like.map(({ shape }) => tf.zeros(shape));

  function step({ parameters, velocities, gradients, momentum }: Step): tf.Tensor[] {
    const inputs = Object.fromEntries(
      parameters.flatMap((parameter, i) => [
        [`parameter${i}`, parameter],
        [`velocity${i}`, velocities[i] as tf.Tensor],
        [`gradient${i}`, gradients[i] as tf.Tensor],
      ]),
    );
    const attributes = {
      count: parameters.length,
      learningRate: 0.5,
      momentum,
      weightDecay: 0,
      nesterov: false,
    };
    return tf.engine().runKernel<tf.Tensor[]>('SgdMomentumStep', inputs, attributes);
  }

  const values = (shape: number[]) => tf.reshape(tf.range(0, tf.util.sizeFromShape(shape)), shape);
  /** As many values in reverse, laid out in memory with the axes in this order. */
  const stored = (shape: number[], order: number[]) => {
    const permuted = tf.transpose(tf.reverse(values(shape)), order);
    const back = order.map((_, axis) => order.indexOf(axis));
    return tf.transpose(tf.tensor(permuted.dataSync(), permuted.shape), back);
  };

  test.each([0, 0.9])('has gradients of any layout, momentum %d', (momentum) => {
    tf.tidy(() => {
      const shapes = [[3, 3, 4, 5], [1, 1, 4, 5], [6, 2], [7]];
      const parameters = shapes.map(values);
      const gradients = shapes.map((shape) => stored(shape, shape.map((_, axis) => axis).reverse()));
      const expected = shapes.map((shape) =>
        tf.sub(values(shape), tf.mul(tf.reverse(values(shape)), 0.5)).dataSync(),
      );
      const updated = step({ parameters, velocities: zeros(parameters), gradients, momentum });
      expect(updated.slice(0, shapes.length).map((parameter) => parameter.dataSync())).toEqual(expected);
    });
  });

  test('copies no gradient of a convolution or a product', () => {
    tf.tidy(() => {
      const filters = [
        [3, 3, 4, 5],
        [1, 1, 4, 6],
        [1, 1, 4, 1],
        [2, 2, 1, 3],
      ].map((shape) => values(shape) as tf.Tensor4D);
      const gradients = filters.map((filter) => {
        const x = tf.ones<tf.Rank.R4>([2, 6, 6, filter.shape[2]]);
        const dy = tf.conv2d(x, filter, 2, 'same');
        return filterGradient(x, dy, filter.shape, 2);
      });
      const [inputs, outputs] = [tf.ones<tf.Rank.R2>([8, 5]), tf.ones<tf.Rank.R2>([8, 7])];
      const parameters = [...filters, values([5, 7])];
      gradients.push(tf.matMul(inputs, outputs, true));
      // The first step brings velocities into the layout of the filters.
      const velocities = zeros(parameters);
      step({ parameters, velocities, gradients, momentum: 0.9 });
      copies = 0;
      step({ parameters, velocities, gradients, momentum: 0.9 });
      expect(copies).toBe(0);
    });
  });
});

test('products of whole numbers are exact beyond single precision', () => {
  tf.tidy(() => {
    const [row, column] = [
      tf.tensor2d([[4097, 1]], [1, 2], 'int32'),
      tf.tensor2d([4097, 2], [2, 1], 'int32'),
    ];
    const product = tf.matMul(row, column);
    expect([product.dtype, ...product.dataSync()]).toEqual(['int32', 4097 * 4097 + 2]);
    const biased = tf.fused.matMul({ a: row, b: column, bias: tf.scalar(1, 'int32') });
    expect([biased.dtype, ...biased.dataSync()]).toEqual(['int32', 4097 * 4097 + 3]);
  });
});

test('rows are added up without the operator that adds in any order', () => {
  tf.tidy(() => {
    const ids = tf.tensor1d([1, 0, 1, -1, 7], 'int32');
    const sums = tf.unsortedSegmentSum(tf.tensor1d([1, 2, 4, 8, 16]), ids, 3);
    expect([...sums.dataSync()]).toEqual([2, 5, 0]);
    const scattered = tf.scatterND(tf.tensor2d([2, 0, 2], [3, 1], 'int32'), tf.tensor1d([1, 2, 4]), [4]);
    expect([...scattered.dataSync()]).toEqual([2, 0, 5, 0]);
    expect(traffic().operators).not.toContain('aten::index_add_');
  });
});

test('the kernels for the CPU are not called', () => {
  tf.tidy(() => {
    const image = tf.ones<tf.Rank.R4>([2, 6, 6, 16]);
    const channels = tf.ones([16]);
    const batchNorm = { x: image, scale: channels, offset: channels, mean: channels, variance: channels };
    const training = { epsilon: 1e-5, activation: 'relu' };
    const [y, mean, , inverseStandardDeviation] = tf
      .engine()
      .runKernel<tf.Tensor[]>('FusedBatchNormTraining', batchNorm, training) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    tf.engine().runKernel(
      'FusedBatchNormTrainingGrad',
      { dy: image, x: image, y, scale: channels, mean, inverseStandardDeviation },
      { ...training, hasResidual: true },
    );
    tf.engine().runKernel('FusedBatchNormInference', batchNorm, training);
    filterGradient(image, image, [3, 3, 16, 16], 1);
    tf.topk(tf.ones([4, 100]), 5);
    tf.topk(tf.ones([4, 100]), 0);
    tf.maxPool(image, 2, 2, 'same');
    const points = tf.ones<tf.Rank.R2>([30, 2]);
    tf.engine().runKernel('NearestCentroid', { points, centroids: tf.zeros([3, 2]) });
    tf.engine().runKernel('ClusterSums', { points, indices: tf.zeros([30], 'int32') }, { clusters: 3 });
    tf.engine().runKernel('StudentRepulsion', { points });
    tf.engine().runKernel(
      'ExponentialMovingAverageStep',
      { average0: points, value0: points },
      { count: 1, momentum: 0.5 },
    );
  });
  const own = traffic().operators.filter((name) => name.startsWith('protocl::'));
  // Those that put libtorch's own together, for any device.
  const forAny = /^protocl::(mm_in_full_precision|conv2d_nhwc(_\w+)?|batch_norm_\w+_by_libtorch)$/;
  expect(own.filter((name) => !forAny.test(name))).toEqual([]);
  expect(new Set(own).size).toBe(5);
});

test('what is computed in pieces has no more than one of them at a time', () => {
  const zeros = operator('aten::zeros');
  const add = operator('aten::add', 'Tensor');
  const live = () => addon().memory()[4];
  const seen: number[] = [];
  activeTorch().run('InPieces', {}, {}, () => {
    const [joined, other] = inBlocks(10, 3.5, (_, length) => {
      seen.push(live());
      const piece = zeros([length, 2], 'float32');
      add(piece, add(piece, piece));
      return [add(piece, piece), piece];
    }) as [Handle, Handle];
    expect(shapeOf(joined)).toEqual([10, 2]);
    expect(shapeOf(other)).toEqual([10, 2]);
  });
  // Two results of each piece before.
  expect(seen).toEqual([0, 2, 4, 6].map((kept) => (seen[0] as number) + kept));
});
