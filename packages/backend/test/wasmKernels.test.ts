import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';

import { registerGradients } from '../src/index.js';
import { completeWasm } from '../src/wasm/completeWasm.js';
import { relativeError, sampleTensor } from './numericGradient.js';

beforeAll(async () => {
  await tf.setBackend('wasm');
  completeWasm();
  registerGradients();
});

type Operation = (...inputs: Tensor[]) => Tensor;

/** The output and every input's gradient, computed on one backend. */
async function valuesOn(backend: string, f: Operation, shapes: number[][]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const results = tf.tidy(() => {
    const inputs = shapes.map((shape, index) => sampleTensor(shape, { seed: index + 11 }));
    const output = f(...inputs);
    const weights = sampleTensor(output.shape, { seed: 5, low: 0.5, high: 1.5 });
    const gradients = tf.grads((...at: Tensor[]) => tf.sum(tf.mul(f(...at), weights)))(inputs);
    return [output, ...gradients].map((tensor) => tensor.dataSync<'float32'>());
  });
  expect(tf.memory().numTensors).toBe(before);
  return results;
}

async function expectEqualOnWasmAndCpu(f: Operation, shapes: number[][], tolerance = 1e-5): Promise<void> {
  const wasm = await valuesOn('wasm', f, shapes);
  const cpu = await valuesOn('cpu', f, shapes);
  wasm.forEach((values, index) =>
    expect(relativeError(values, cpu[index] as Float32Array)).toBeLessThan(tolerance),
  );
}

const image = (x: Tensor) => x as Tensor4D;
type Padding = [[number, number], [number, number], [number, number], [number, number]];
const explicit = (top: number, bottom: number, left: number, right: number): Padding => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

describe('convolutions on wasm equal those on cpu, gradients included', () => {
  const paddings = [
    'same',
    'valid',
    explicit(1, 1, 1, 1),
    explicit(2, 0, 0, 1),
    explicit(0, 3, 4, 4),
  ] as const;
  const sizes = [1, 2, 3, 5];
  const strides = [1, 2, 3, [1, 2]] as const;
  const cases = paddings.flatMap((padding) =>
    sizes.flatMap((size) => strides.map((stride) => ({ padding, size, stride }))),
  );

  test.each(cases)('filter $size, stride $stride, padding $padding', async ({ padding, size, stride }) => {
    const f: Operation = (x, filter) => tf.conv2d(image(x), image(filter), stride as number, padding);
    await expectEqualOnWasmAndCpu(f, [
      [3, 7, 6, 4],
      [size, size, 4, 5],
    ]);
  });

  test.each([
    ['a filter that is not square', [2, 6, 5, 3], [3, 2, 3, 4]],
    ['one channel', [2, 6, 6, 1], [3, 3, 1, 1]],
    ['one sample', [1, 6, 6, 3], [3, 3, 3, 2]],
    ['more samples than one convolution adds up', [20, 64, 64, 1], [3, 3, 1, 2]],
    ['an input of the size of the filter', [2, 3, 3, 2], [3, 3, 2, 4]],
  ])('%s', async (_, xShape, filterShape) => {
    await expectEqualOnWasmAndCpu(
      (x, filter) => tf.conv2d(image(x), image(filter), 2, explicit(1, 1, 1, 1)),
      [xShape, filterShape],
    );
  });

  test('padding that no window but the first reaches beyond', async () => {
    await expectEqualOnWasmAndCpu(
      (x, filter) => tf.conv2d(image(x), image(filter), 3, explicit(3, 0, 3, 0)),
      [
        [2, 1, 1, 2],
        [2, 2, 2, 3],
      ],
    );
  });

  test('the transposed convolution', async () => {
    await expectEqualOnWasmAndCpu(
      (dy, filter) => tf.conv2dTranspose(image(dy), image(filter), [2, 8, 8, 3], 2, 'same'),
      [
        [2, 4, 4, 5],
        [3, 3, 3, 5],
      ],
    );
  });
});

describe('matrix products on wasm equal those on cpu, gradients included', () => {
  const flags = [true, false];
  const transposes = flags.flatMap((transposeA) => flags.map((transposeB) => ({ transposeA, transposeB })));

  test.each(transposes)(
    'a transposed $transposeA, b transposed $transposeB',
    async ({ transposeA, transposeB }) => {
      const product: Operation = (a, b) => tf.matMul(a, b, transposeA, transposeB);
      const shapeOf = (rows: number, columns: number, isTransposed: boolean) =>
        isTransposed ? [columns, rows] : [rows, columns];
      for (const outer of [[], [1], [3], [2, 2]]) {
        const a = [...outer, ...shapeOf(40, 36, transposeA)];
        const b = [...outer, ...shapeOf(36, 33, transposeB)];
        await expectEqualOnWasmAndCpu(product, [a, b]);
      }
      await expectEqualOnWasmAndCpu(product, [
        [3, ...shapeOf(40, 36, transposeA)],
        [1, ...shapeOf(36, 33, transposeB)],
      ]);
      await expectEqualOnWasmAndCpu(product, [shapeOf(4, 3, transposeA), shapeOf(3, 2, transposeB)]);
    },
  );
});

describe('what else an encoder and its losses use on wasm equals cpu, gradients included', () => {
  const labels = () => tf.tensor1d([2, 0, 1, 2], 'int32');
  const cases: [string, Operation, number[][]][] = [
    ['add with broadcasting', (a, b) => tf.add(a, b), [[2, 3, 3, 4], [4]]],
    ['average pool', (x) => tf.avgPool(image(x), 2, 2, 'valid'), [[2, 6, 6, 3]]],
    ['average pool, same', (x) => tf.avgPool(image(x), 3, 2, 'same'), [[2, 7, 6, 3]]],
    [
      'average pool, explicit',
      (x) => tf.avgPool(image(x), 3, 2, explicit(1, 1, 1, 1), 'floor'),
      [[2, 6, 7, 3]],
    ],
    [
      'batch norm of inference',
      (x, m, v) => tf.batchNorm(x, m, tf.add<Tensor1D>(v, 2), m, v),
      [[2, 3, 3, 4], [4], [4]],
    ],
    [
      'concat',
      (a, b) => tf.concat([a, b], 0),
      [
        [2, 5],
        [3, 5],
      ],
    ],
    ['cross-entropy', (x) => tf.neg(tf.sum(tf.mul(tf.oneHot(labels(), 3), tf.logSoftmax(x)), 1)), [[4, 3]]],
    [
      'division',
      (a, b) => tf.div(a, tf.add(tf.abs(b), 1)),
      [
        [3, 4],
        [3, 1],
      ],
    ],
    ['gather along the first axis', (x) => tf.gather(x, labels()), [[3, 5]]],
    ['gather along the last axis', (x) => tf.gather(x, labels(), -1), [[2, 5]]],
    [
      'gather in batches',
      (x) =>
        tf.gather(
          x,
          tf.tensor2d(
            [
              [1, 1],
              [0, 2],
            ],
            [2, 2],
            'int32',
          ),
          1,
          1,
        ),
      [[2, 3, 2]],
    ],
    ['global average pool', (x) => tf.mean(x, [1, 2]), [[2, 5, 4, 6]]],
    ['l2 normalisation', (x) => tf.div(x, tf.norm(x, 2, 1, true)), [[4, 6]]],
    ['logsumexp', (x) => tf.logSumExp(x, 1), [[4, 6]]],
    ['max pool', (x) => tf.maxPool(image(x), 2, 2, 'valid'), [[2, 6, 6, 3]]],
    ['max pool, same', (x) => tf.maxPool(image(x), 3, 2, 'same'), [[2, 7, 6, 3]]],
    ['max pool, explicit', (x) => tf.maxPool(image(x), 3, 2, explicit(1, 1, 1, 1), 'floor'), [[2, 6, 7, 3]]],
    [
      'pad',
      (x) =>
        tf.pad(x, [
          [0, 0],
          [1, 2],
          [3, 0],
          [0, 0],
        ]),
      [[2, 3, 3, 2]],
    ],
    ['relu', (x) => tf.relu(x), [[4, 6]]],
    ['reverse', (x) => tf.reverse(x, 2), [[2, 3, 4, 2]]],
    ['softmax', (x) => tf.softmax(x), [[4, 6]]],
    ['squared difference', (a, b) => tf.squaredDifference(a, b), [[4, 6], [6]]],
    [
      'stack',
      (a, b) => tf.stack([a, b], 1),
      [
        [3, 4],
        [3, 4],
      ],
    ],
    ['sum over leading axes', (x) => tf.sum(x, [0, 1]), [[3, 4, 5]]],
    ['segment sum', (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, -1, 3, 1], 'int32'), 4), [[4, 3]]],
    ['transpose', (x) => tf.transpose(x, [0, 3, 1, 2]), [[2, 3, 4, 5]]],
    [
      'where',
      (a, b) => tf.where(tf.greater(a, b), a, b),
      [
        [3, 4],
        [3, 4],
      ],
    ],
  ];
  test.each(cases)('%s', (_, f, shapes) => expectEqualOnWasmAndCpu(f, shapes));
});

describe('single kernels on wasm', () => {
  beforeAll(() => tf.setBackend('wasm'));

  test('gather reads integers, several axes of indices, and tensors of another backend', async () => {
    await tf.setBackend('cpu');
    const table = tf.tensor2d(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [3, 2],
      'int32',
    );
    await tf.setBackend('wasm');
    const rows = tf.gather(
      table,
      tf.tensor2d(
        [
          [2, 0],
          [1, 1],
        ],
        [2, 2],
        'int32',
      ),
    );
    expect(rows.arraySync()).toEqual([
      [
        [5, 6],
        [1, 2],
      ],
      [
        [3, 4],
        [3, 4],
      ],
    ]);
    expect(rows.dtype).toBe('int32');
  });

  test('one-hot rows have the dtype and the values that were asked for', () => {
    const rows = tf.oneHot(tf.tensor1d([1, 0], 'int32'), 2, 3, -1, 'float32');
    expect([rows.dtype, rows.arraySync()]).toEqual([
      'float32',
      [
        [-1, 3],
        [3, -1],
      ],
    ]);
    expect(tf.oneHot(tf.tensor1d([1], 'int32'), 2).dtype).toBe('int32');
  });

  test('gather refuses an index outside of the axis and leaves nothing behind', () => {
    const x = tf.ones([3, 2]);
    const indices = tf.tensor1d([0, 3], 'int32');
    const before = tf.memory().numDataBuffers;
    expect(() => tf.gather(x, indices)).toThrow(expect.objectContaining({ code: 'INVALID_SHAPE', given: 3 }));
    expect(tf.memory().numDataBuffers).toBe(before);
  });

  test('a convolution with its channels first is refused with a typed error', () => {
    const inputs = { dy: tf.ones([1, 1, 2, 2]), filter: tf.ones([1, 1, 1, 1]) };
    const attributes = { strides: 1, pad: 'same', dataFormat: 'NCHW', inputShape: [1, 1, 2, 2] };
    expect(() => tf.engine().runKernel('Conv2DBackpropInput', inputs, attributes)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', given: 'NCHW' }),
    );
  });

  test('completing wasm twice changes nothing', () => {
    const kernel = tf.getKernel('BatchMatMul', 'wasm');
    completeWasm();
    expect(tf.getKernel('BatchMatMul', 'wasm')).toBe(kernel);
  });
});
