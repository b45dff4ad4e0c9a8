import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import type { TorchErrorCode } from '../src/index.js';
import { STARTUP_TIMEOUT_MS, startTorch, torchMemory } from './startTorch.js';
import { thrownBy } from './thrownBy.js';

/** Calls a kernel as it is, past the checks of tfjs's ops. */
function run(kernel: string, inputs: Record<string, tf.Tensor>, attributes: object = {}): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes as tf.NamedAttrMap);
}

const ones = (shape: number[], dtype: tf.NumericDataType = 'float32'): tf.Tensor => tf.ones(shape, dtype);
const integers = (values: number[]): tf.Tensor => tf.tensor1d(values, 'int32');
const window = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1 };

interface Mistake {
  readonly name: string;
  readonly body: () => unknown;
  readonly code: TorchErrorCode;
  /** What the message must have, besides the code. */
  readonly says: readonly (string | RegExp)[];
}

const wrongShapes: Mistake[] = [
  {
    name: 'shapes that cannot be broadcast',
    body: () => run('Add', { a: ones([2, 4]), b: ones([2, 3]) }),
    code: 'TORCH_ERROR',
    says: ['Add failed on a [2,4] float32, b [2,3] float32'],
  },
  {
    name: 'matrices that cannot be multiplied',
    body: () =>
      run(
        'BatchMatMul',
        { a: ones([1, 2, 3]), b: ones([1, 2, 3]) },
        { transposeA: false, transposeB: false },
      ),
    code: 'TORCH_ERROR',
    says: [
      'BatchMatMul failed on a [1,2,3] float32, b [1,2,3] float32 with transposeA false, transposeB false',
    ],
  },
  {
    name: 'a filter for other channels',
    body: () => run('Conv2D', { x: ones([1, 8, 8, 3]), filter: ones([3, 3, 4, 5]) }, window),
    code: 'INVALID_ARGUMENT',
    says: ['Conv2D failed on x [1,8,8,3] float32, filter [3,3,4,5] float32', 'pad "same"'],
  },
  {
    name: 'an image without its batch axis',
    body: () => run('Conv2D', { x: ones([8, 8, 3]), filter: ones([3, 3, 3, 5]) }, window),
    code: 'INVALID_ARGUMENT',
    says: ['Conv2D failed on x [8,8,3] float32'],
  },
  {
    name: 'a window larger than its image',
    body: () => run('MaxPool', { x: ones([1, 4, 4, 1]) }, { filterSize: 9, strides: 1, pad: 'valid' }),
    code: 'TORCH_ERROR',
    says: ['MaxPool failed on x [1,4,4,1] float32 with filterSize 9'],
  },
  {
    name: 'a mean for other channels',
    body: () =>
      run(
        'FusedBatchNorm',
        { x: ones([2, 3]), mean: ones([4]), variance: ones([3]) },
        { varianceEpsilon: 1e-3 },
      ),
    code: 'TORCH_ERROR',
    says: ['FusedBatchNorm failed on x [2,3] float32, mean [4] float32'],
  },
  {
    name: 'a permutation with an axis twice',
    body: () => run('Transpose', { x: ones([2, 3]) }, { perm: [0, 0] }),
    code: 'TORCH_ERROR',
    says: ['Transpose failed on x [2,3] float32 with perm [0,0]'],
  },
  {
    name: 'more of the largest than there are',
    body: () => run('TopK', { x: ones([3]) }, { k: 9, sorted: true }),
    code: 'TORCH_ERROR',
    says: ['TopK failed on x [3] float32 with k 9'],
  },
];

const wrongTypes: Mistake[] = [
  {
    name: 'strings where numbers are needed',
    body: () => run('Add', { a: ones([2]), b: tf.tensor1d(['a', 'b']) }),
    code: 'INVALID_ARGUMENT',
    says: ['Add failed on a [2] float32, b [2] string', 'numbers are needed'],
  },
  {
    name: 'matrices of different types',
    body: () =>
      run(
        'BatchMatMul',
        { a: ones([1, 2, 2], 'int32'), b: ones([1, 2, 2]) },
        { transposeA: false, transposeB: false },
      ),
    code: 'TORCH_ERROR',
    says: ['BatchMatMul failed on a [1,2,2] int32, b [1,2,2] float32'],
  },
  {
    name: 'an image and a filter of different types',
    body: () => run('Conv2D', { x: ones([1, 4, 4, 3], 'int32'), filter: ones([3, 3, 3, 5]) }, window),
    code: 'TORCH_ERROR',
    says: ['Conv2D failed on x [1,4,4,3] int32, filter [3,3,3,5] float32'],
  },
  {
    name: 'a type that does not exist',
    body: () => run('Cast', { x: ones([2]) }, { dtype: 'float77' }),
    code: 'INVALID_ARGUMENT',
    says: ['Cast failed on x [2] float32 with dtype "float77"'],
  },
  {
    name: 'a number in the place of a type, which libtorch would not check',
    body: () => run('Cast', { x: ones([2]) }, { dtype: -1 }),
    code: 'INVALID_ARGUMENT',
    says: ['Cast failed on x [2] float32 with dtype -1', 'expected a name'],
  },
];

const wrongTensors: Mistake[] = [
  {
    name: 'a disposed tensor',
    body: () => {
      const disposed = ones([2, 5]);
      disposed.dispose();
      return tf.add(disposed, 1);
    },
    code: 'INVALID_ARGUMENT',
    says: ['Add failed on a [2,5] float32', 'was disposed'],
  },
  {
    name: 'a disposed tensor for which nothing is computed',
    body: () => {
      const disposed = ones([2, 5]);
      disposed.dispose();
      return run('Reshape', { x: disposed }, { shape: [10] });
    },
    code: 'INVALID_ARGUMENT',
    says: ['Reshape failed on x [2,5] float32 with shape [10]', 'was disposed'],
  },
  {
    name: 'an input that is missing',
    body: () => run('Add', { a: ones([2]) }),
    code: 'INVALID_ARGUMENT',
    says: ['Add failed on a [2] float32', 'missing'],
  },
];

const wrongIndices: Mistake[] = [
  {
    name: 'gather above the range',
    body: () => run('GatherV2', { x: ones([3, 2]), indices: integers([0, 7]) }, { axis: 0, batchDims: 0 }),
    code: 'INDEX_OUT_OF_RANGE',
    says: ['GatherV2 failed on x [3,2] float32, indices [2] int32', 'value 7 is not in [0, 2]'],
  },
  {
    name: 'gather below the range',
    body: () => run('GatherV2', { x: ones([3, 2]), indices: integers([0, -1]) }, { axis: 1, batchDims: 0 }),
    code: 'INDEX_OUT_OF_RANGE',
    says: ['value -1 is not in [0, 1]'],
  },
  {
    name: 'gather with NaN',
    body: () => run('GatherV2', { x: ones([3]), indices: tf.tensor1d([NaN, 1]) }, { axis: 0, batchDims: 0 }),
    code: 'INDEX_OUT_OF_RANGE',
    says: ['GatherV2 failed on x [3] float32, indices [2] float32', 'NaN'],
  },
  {
    name: 'gatherND',
    body: () => run('GatherNd', { params: ones([3, 2]), indices: tf.tensor2d([[0, 7]], [1, 2], 'int32') }),
    code: 'INDEX_OUT_OF_RANGE',
    says: ['GatherNd failed on params [3,2] float32, indices [1,2] int32'],
  },
  {
    name: 'scatterND',
    body: () => tf.scatterND(tf.tensor2d([[9]], [1, 1], 'int32'), ones([1]), [3]),
    code: 'INDEX_OUT_OF_RANGE',
    says: ['ScatterNd failed on indices [1,1] int32, updates [1] float32 with shape [3]'],
  },
  {
    name: 'an axis that does not exist',
    body: () => run('Transpose', { x: ones([2, 3]) }, { perm: [0, 5] }),
    code: 'INDEX_OUT_OF_RANGE',
    says: ['Transpose failed on x [2,3] float32 with perm [0,5]'],
  },
];

const wrongSizes: Mistake[] = [
  {
    name: 'a dilation that does not move on',
    body: () =>
      run(
        'Dilation2D',
        { x: ones([1, 4, 4, 1]), filter: ones([2, 2, 1]) },
        { strides: 0, pad: 'same', dilations: 1 },
      ),
    code: 'INVALID_ARGUMENT',
    says: ['Dilation2D failed on x [1,4,4,1] float32', 'strides'],
  },
  {
    name: 'a negative size',
    body: () => run('Fill', {}, { shape: [-1, 2], value: 1, dtype: 'float32' }),
    code: 'TORCH_ERROR',
    says: ['Fill failed on no inputs with shape [-1,2]'],
  },
  {
    name: 'a negative repetition',
    body: () => run('Tile', { x: ones([4]) }, { reps: [-1] }),
    code: 'TORCH_ERROR',
    says: ['Tile failed on x [4] float32 with reps [-1]'],
  },
  {
    name: 'a padding that removes more than there is',
    body: () => run('PadV2', { x: ones([4]) }, { paddings: [[-3, -3]], constantValue: 0 }),
    code: 'TORCH_ERROR',
    says: ['PadV2 failed on x [4] float32 with paddings [[-3,-3]]'],
  },
  {
    name: 'an image of negative height',
    body: () =>
      run(
        'ResizeBilinear',
        { images: ones([1, 4, 4, 1]) },
        { alignCorners: false, halfPixelCenters: false, size: [-1, 3] },
      ),
    code: 'TORCH_ERROR',
    says: ['ResizeBilinear failed on images [1,4,4,1] float32', 'size [-1,3]'],
  },
  {
    name: 'a stride of nothing',
    body: () => run('MaxPool', { x: ones([1, 4, 4, 1]) }, { filterSize: 2, strides: 0, pad: 'valid' }),
    code: 'TORCH_ERROR',
    says: ['MaxPool failed on x [1,4,4,1] float32 with filterSize 2, strides 0'],
  },
];

const tooLarge: Mistake[] = [
  {
    name: 'a fill',
    body: () => tf.fill([100_000, 100_000, 1_000], 1),
    code: 'OUT_OF_MEMORY',
    says: ['Fill failed on no inputs with shape [100000,100000,1000]', '40000000000000 bytes'],
  },
  {
    name: 'a product of matrices',
    body: () => tf.matMul(ones([2_000_000, 1]), ones([1, 2_000_000])),
    code: 'OUT_OF_MEMORY',
    says: [/BatchMatMul failed on .*2000000/, '16000000000000 bytes'],
  },
  {
    name: 'a broadcast sum',
    body: () => tf.add(ones([3_000_000, 1]), ones([1, 3_000_000])),
    code: 'OUT_OF_MEMORY',
    says: ['Add failed on a [3000000,1] float32, b [1,3000000] float32', '36000000000000 bytes'],
  },
  {
    name: 'a size that 64 bits cannot count',
    body: () => tf.fill([2 ** 31, 2 ** 31, 8], 1),
    code: 'OUT_OF_MEMORY',
    says: ['Fill failed on no inputs with shape [2147483648,2147483648,8]', 'more bytes'],
  },
  {
    name: 'a count that 64 bits cannot hold',
    body: () => tf.fill([2 ** 40, 2 ** 40], 1),
    code: 'OUT_OF_MEMORY',
    says: ['Fill failed on no inputs with shape [1099511627776,1099511627776]'],
  },
];

describe('a mistake is a typed error, after which all goes on', () => {
  let before: { numTensors: number; liveBytes: number };

  beforeAll(async () => startTorch(), STARTUP_TIMEOUT_MS);
  beforeEach(() => {
    const { numTensors, liveBytes } = torchMemory();
    before = { numTensors, liveBytes };
  });

  function check({ body, code, says }: Mistake): void {
    const error = thrownBy(() => tf.tidy(() => void body()));
    expect(error.code).toBe(code);
    for (const text of [...says, `[${code}]`]) {
      if (typeof text === 'string') expect(error.message).toContain(text);
      else expect(error.message).toMatch(text);
    }
    expect(torchMemory()).toMatchObject(before);
    expect(tf.tidy(() => Array.from(tf.add([1, 2], [3, 4]).dataSync()))).toEqual([4, 6]);
  }

  test.each(wrongShapes)('wrong shape: $name', check);
  test.each(wrongTypes)('wrong type: $name', check);
  test.each(wrongTensors)('wrong tensor: $name', check);
  test.each(wrongIndices)('wrong index: $name', check);
  test.each(wrongSizes)('wrong size: $name', check);
  test.each(tooLarge)('too large: $name', check);

  test('the size of what is too large is given', () => {
    expect(thrownBy(() => tf.fill([2 ** 21, 2 ** 21], 1))).toMatchObject({
      given: 2 ** 44,
      remedy: expect.stringContaining('memoryLimit'),
    });
  });

  test('what the cause was can be looked up', () => {
    const error = thrownBy(() => tf.tidy(() => run('Add', { a: ones([2]), b: ones([3]) })));
    expect(error.cause).toMatchObject({ message: expect.stringContaining('must match the size') });
  });

  test("tfjs's own checks keep the words that they have on every backend", () => {
    expect(() => tf.tidy(() => run('Reshape', { x: ones([4]) }, { shape: [3] }))).toThrow(
      'Size(4) must match the product of shape 3',
    );
    expect(torchMemory()).toMatchObject(before);
  });

  test('values that do not fill the shape are refused', () => {
    expect(thrownBy(() => tf.engine().makeTensor(new Float32Array(3), [2, 2], 'float32'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('[2,2]'),
    });
    expect(tf.memory().numTensors).toBe(before.numTensors);
  });
});
