import { beforeAll, describe, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

import { registerGradients } from '../src/index.js';
import { expectGradients, sampleTensor } from './numericGradient.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  registerGradients();
});

type Case = [name: string, f: (...inputs: Tensor[]) => Tensor, shapes: number[][], range?: [number, number]];

const image = (x: Tensor) => x as Tensor4D;
const indices = () => tf.tensor1d([2, 0, 2, 1], 'int32');

// The ranges keep clear of the points where a function has no derivative.
const elementwise: Case[] = [
  ['Abs', (x) => tf.abs(x), [[6]], [0.1, 2]],
  ['Abs of negatives', (x) => tf.abs(x), [[6]], [-2, -0.1]],
  ['Acos', (x) => tf.acos(x), [[6]], [-0.8, 0.8]],
  ['Acosh', (x) => tf.acosh(x), [[6]], [1.5, 3]],
  ['Asin', (x) => tf.asin(x), [[6]], [-0.8, 0.8]],
  ['Asinh', (x) => tf.asinh(x), [[6]]],
  ['Atan', (x) => tf.atan(x), [[6]]],
  ['Atanh', (x) => tf.atanh(x), [[6]], [-0.8, 0.8]],
  ['Cast', (x) => tf.cast(tf.cast(x, 'float32'), 'float32'), [[6]]],
  ['Ceil', (x) => tf.ceil(x), [[6]], [0.1, 0.9]],
  ['ClipByValue', (x) => tf.clipByValue(x, -5, 5), [[6]]],
  ['ClipByValue outside', (x) => tf.clipByValue(x, -0.5, 0.5), [[6]], [0.6, 2]],
  ['Cos', (x) => tf.cos(x), [[6]]],
  ['Cosh', (x) => tf.cosh(x), [[6]]],
  ['Elu', (x) => tf.elu(x), [[6]], [-2, -0.1]],
  ['Elu of positives', (x) => tf.elu(x), [[6]], [0.1, 2]],
  ['Erf', (x) => tf.erf(x), [[6]]],
  ['Exp', (x) => tf.exp(x), [[6]]],
  ['Expm1', (x) => tf.expm1(x), [[6]]],
  ['Floor', (x) => tf.floor(x), [[6]], [0.1, 0.9]],
  ['Identity', (x) => tf.clone(x), [[6]]],
  ['LeakyRelu', (x) => tf.leakyRelu(x, 0.3), [[6]], [-2, -0.1]],
  ['LeakyRelu of positives', (x) => tf.leakyRelu(x, 0.3), [[6]], [0.1, 2]],
  ['Log', (x) => tf.log(x), [[6]], [0.5, 2]],
  ['Log1p', (x) => tf.log1p(x), [[6]], [0, 2]],
  ['Neg', (x) => tf.neg(x), [[6]]],
  ['OnesLike', (x) => tf.onesLike(x), [[6]]],
  ['Reciprocal', (x) => tf.reciprocal(x), [[6]], [0.5, 2]],
  ['Relu', (x) => tf.relu(x), [[6]], [0.1, 2]],
  ['Relu of negatives', (x) => tf.relu(x), [[6]], [-2, -0.1]],
  ['Relu6', (x) => tf.relu6(x), [[6]], [0.1, 5]],
  ['Relu6 above 6', (x) => tf.relu6(x), [[6]], [6.1, 8]],
  ['Round', (x) => tf.round(x), [[6]], [0.1, 0.4]],
  ['Rsqrt', (x) => tf.rsqrt(x), [[6]], [0.5, 2]],
  ['Selu', (x) => tf.selu(x), [[6]], [-2, -0.1]],
  ['Selu of positives', (x) => tf.selu(x), [[6]], [0.1, 2]],
  ['Sigmoid', (x) => tf.sigmoid(x), [[6]]],
  ['Sign', (x) => tf.sign(x), [[6]], [0.1, 2]],
  ['Sin', (x) => tf.sin(x), [[6]]],
  ['Sinh', (x) => tf.sinh(x), [[6]]],
  ['Softplus', (x) => tf.softplus(x), [[6]]],
  ['Sqrt', (x) => tf.sqrt(x), [[6]], [0.5, 2]],
  ['Square', (x) => tf.square(x), [[6]]],
  ['Step', (x) => tf.step(x, 0.2), [[6]], [0.1, 2]],
  ['Tan', (x) => tf.tan(x), [[6]]],
  ['Tanh', (x) => tf.tanh(x), [[6]]],
  ['ZerosLike', (x) => tf.zerosLike(x), [[6]]],
];

const ofTwo: Case[] = [
  ['Add', (a, b) => tf.add(a, b), [[2, 3], [3]]],
  [
    'AddN',
    (a, b, c) => tf.addN([a, b, c]),
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
  ],
  ['Atan2', (a, b) => tf.atan2(a, b), [[2, 3], [3]], [0.5, 2]],
  ['Maximum', (a, b) => tf.maximum(a, tf.mul(b, -1)), [[2, 3], [3]], [0.1, 1]],
  ['Minimum', (a, b) => tf.minimum(a, tf.mul(b, -1)), [[2, 3], [3]], [0.1, 1]],
  ['Mod', (a, b) => tf.mod(a, tf.add(b, 1)), [[2, 3], [3]], [2.1, 2.9]],
  [
    'Multiply',
    (a, b) => tf.mul(a, b),
    [
      [2, 3],
      [2, 1],
    ],
  ],
  ['Pow', (a, b) => tf.pow(a, b), [[2, 3], [3]], [0.5, 2]],
  ['Prelu', (x, alpha) => tf.prelu(x, alpha), [[4, 3], [3]], [-1, -0.1]],
  ['Prelu of positives', (x, alpha) => tf.prelu(x, alpha), [[4, 3], [3]], [0.1, 1]],
  ['RealDiv', (a, b) => tf.div(a, b), [[2, 3], [3]], [0.5, 2]],
  ['Select', (a, b) => tf.where(tf.tensor1d([1, 0, 1], 'bool'), a, b), [[3], [3]]],
  ['SquaredDifference', (a, b) => tf.squaredDifference(a, b), [[2, 3], [3]]],
  ['Sub', (a, b) => tf.sub(a, b), [[3], [2, 3]]],
];

const reductions: Case[] = [
  ['Cumsum', (x) => tf.cumsum(x, 1), [[2, 4]]],
  ['Cumsum exclusive, reversed', (x) => tf.cumsum(x, 0, true, true), [[3, 2]]],
  ['LogSumExp', (x) => tf.logSumExp(x, 1), [[3, 4]]],
  ['Log softmax', (x) => tf.logSoftmax(x), [[3, 4]]],
  ['Max', (x) => tf.max(x, [0, 2]), [[2, 3, 4]]],
  ['Mean', (x) => tf.mean(x, [0, -1]), [[2, 3, 4]]],
  ['Mean keeping its axes', (x) => tf.mean(x, 1, true), [[2, 3, 4]]],
  ['Min', (x) => tf.min(x), [[2, 3]]],
  ['Prod', (x) => tf.prod(x, [0, 2]), [[2, 3, 2]], [0.5, 2]],
  ['Softmax', (x) => tf.softmax(x), [[3, 4]]],
  ['Sum', (x) => tf.sum(x, [0, 2]), [[2, 3, 4]]],
  ['Sum of everything', (x) => tf.sum(x), [[2, 3]]],
];

const shapes: Case[] = [
  [
    'BatchToSpaceND',
    (x) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    [[4, 2, 2, 1]],
  ],
  ['BroadcastTo', (x) => tf.broadcastTo(x, [2, 3, 4]), [[3, 1]]],
  [
    'Concat',
    (a, b) => tf.concat([a, b], -1),
    [
      [2, 3],
      [2, 2],
    ],
  ],
  ['ExpandDims', (x) => tf.expandDims(x, 1), [[2, 3]]],
  ['GatherV2', (x) => tf.gather(x, indices(), 1), [[2, 3, 2]]],
  [
    'GatherV2 in batches',
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
  [
    'Pack',
    (a, b) => tf.stack([a, b], 1),
    [
      [2, 3],
      [2, 3],
    ],
  ],
  [
    'PadV2',
    (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    [[2, 3]],
  ],
  ['Reshape', (x) => tf.reshape(x, [3, 2]), [[2, 3]]],
  ['Reverse', (x) => tf.reverse(x, [0, -1]), [[2, 3, 2]]],
  ['Slice', (x) => tf.slice(x, [0, 1], [-1, 2]), [[2, 4]]],
  [
    'SpaceToBatchND',
    (x) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    [[1, 3, 3, 1]],
  ],
  ['SplitV', (x) => tf.split(x, [1, 3], 1)[1] as Tensor, [[2, 4]]],
  ['SplitV into one', (x) => tf.split(x, 1)[0] as Tensor, [[2, 4]]],
  ['Tile', (x) => tf.tile(x, [2, 3]), [[2, 3]]],
  ['Transpose', (x) => tf.transpose(x, [2, 0, 1]), [[2, 3, 4]]],
  ['Unpack', (x) => tf.unstack(x, 1)[2] as Tensor, [[2, 3]]],
  ['UnsortedSegmentSum', (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, -1, 0, 1], 'int32'), 2), [[4, 3]]],
];

const convolutions: Case[] = [
  ['AvgPool', (x) => tf.avgPool(image(x), 2, 1, 'same'), [[1, 3, 3, 2]]],
  ['AvgPool with strides', (x) => tf.avgPool(image(x), 3, 2, 'same'), [[2, 5, 4, 1]]],
  [
    'AvgPool with explicit padding',
    (x) =>
      tf.avgPool(
        image(x),
        [2, 3],
        2,
        [
          [0, 0],
          [1, 0],
          [2, 0],
          [0, 0],
        ],
        'floor',
      ),
    [[1, 4, 4, 1]],
  ],
  ['AvgPool without padding', (x) => tf.avgPool(image(x), 2, 2, 'valid'), [[1, 5, 4, 2]]],
  [
    'BatchMatMul',
    (a, b) => tf.matMul(a, b),
    [
      [2, 3],
      [3, 4],
    ],
  ],
  [
    'BatchMatMul a transposed',
    (a, b) => tf.matMul(a, b, true, false),
    [
      [3, 2],
      [3, 4],
    ],
  ],
  [
    'BatchMatMul b transposed',
    (a, b) => tf.matMul(a, b, false, true),
    [
      [2, 3],
      [4, 3],
    ],
  ],
  [
    'BatchMatMul both transposed',
    (a, b) => tf.matMul(a, b, true, true),
    [
      [3, 2],
      [4, 3],
    ],
  ],
  [
    'BatchMatMul broadcast',
    (a, b) => tf.matMul(a, b),
    [
      [2, 2, 3],
      [1, 3, 2],
    ],
  ],
  [
    'Conv2D same',
    (x, w) => tf.conv2d(image(x), image(w), 2, 'same'),
    [
      [1, 4, 4, 2],
      [3, 3, 2, 2],
    ],
  ],
  [
    'Conv2D explicit',
    (x, w) =>
      tf.conv2d(
        image(x),
        image(w),
        [2, 1],
        [
          [0, 0],
          [1, 0],
          [2, 1],
          [0, 0],
        ],
      ),
    [
      [2, 4, 3, 2],
      [3, 2, 2, 2],
    ],
  ],
  [
    'Conv2DBackpropInput',
    (dy, w) => tf.conv2dTranspose(image(dy), image(w), [1, 4, 4, 2], 2, 'same'),
    [
      [1, 2, 2, 3],
      [3, 3, 2, 3],
    ],
  ],
  [
    'DepthwiseConv2dNative',
    (x, w) => tf.depthwiseConv2d(image(x), image(w), 1, 'same'),
    [
      [1, 3, 3, 2],
      [2, 2, 2, 2],
    ],
  ],
  [
    'FusedBatchNorm',
    (x, mean, variance, offset, scale) => tf.batchNorm(x, mean, tf.add<Tensor1D>(variance, 2), offset, scale),
    [[2, 2, 2, 3], [3], [3], [3], [3]],
  ],
  [
    'FusedBatchNorm without scale',
    (x, mean, variance, offset) => tf.batchNorm(x, mean, tf.add<Tensor1D>(variance, 2), offset),
    [[2, 2, 2, 3], [3], [3], [3]],
  ],
  [
    'FusedBatchNorm without offset',
    (x, mean, variance, scale) => tf.batchNorm(x, mean, tf.add<Tensor1D>(variance, 2), undefined, scale),
    [[2, 2, 2, 3], [3], [3], [3]],
  ],
  [
    'FusedBatchNorm without scale and offset',
    (x, mean, variance) => tf.batchNorm(x, mean, tf.add<Tensor1D>(variance, 2)),
    [[4, 3], [3], [3]],
  ],
  [
    'FusedBatchNorm of constants, without scale and offset',
    (x) => tf.mul(x, tf.batchNorm(tf.ones([2, 3]), tf.zeros([3]), tf.ones([3]))),
    [[2, 3]],
  ],
  [
    'FusedBatchNorm by statistics of the shape of x, without scale and offset',
    (x, mean, variance) => tf.batchNorm(x, mean, tf.add(variance, 2)),
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
  ],
  ['MaxPool', (x) => tf.maxPool(image(x), 2, 2, 'same'), [[1, 3, 3, 2]]],
];

describe.each([
  ['of one argument', elementwise],
  ['of several arguments', ofTwo],
  ['reductions', reductions],
  ['moving elements', shapes],
  ['convolutions', convolutions],
])('gradients %s', (_, cases) => {
  test.each(cases)('%s', (_name, f, inputShapes, [low, high] = [-1, 1]) => {
    tf.tidy(() =>
      expectGradients(
        f,
        inputShapes.map((shape, index) => sampleTensor(shape, { seed: index + 3, low, high })),
      ),
    );
  });
});
