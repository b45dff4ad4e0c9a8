import { add, backend_util, conv2d, engine, matMul, mul, neg, rsqrt, sub } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';
import { averagePoolRules } from './averagePool.js';
import { savedTensor, sumToShape } from './gradientRule.js';
import type { Attributes, GradientRule } from './gradientRule.js';

function runKernel(name: string, inputs: Record<string, Tensor>, attributes: Attributes): Tensor {
  return engine().runKernel<Tensor>(name, inputs, attributes as unknown as NamedAttrMap);
}

function requireNoDilation(kernelName: string, dilations: unknown): void {
  if (dilations === undefined || backend_util.tupleValuesAreOne(dilations as number | number[])) return;
  throw backendError('UNSUPPORTED', {
    message: `${kernelName} with dilation has no gradient`,
    given: dilations,
    expected: 'dilations of 1',
  });
}

type Padding = Parameters<typeof conv2d>[3];
type Strides = [number, number] | number;

function convolve(x: Tensor, filter: Tensor, attributes: Attributes): Tensor {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  return conv2d(
    x as Tensor4D,
    filter as Tensor4D,
    strides as Strides,
    pad as Padding,
    dataFormat as 'NHWC' | 'NCHW',
    1,
    dimRoundingMode as 'floor' | undefined,
  );
}

function inputGradient(dy: Tensor, filter: Tensor, inputShape: number[], attributes: Attributes): Tensor {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  return runKernel(
    'Conv2DBackpropInput',
    { dy, filter },
    { strides, pad, dataFormat, dimRoundingMode, inputShape },
  );
}

function filterGradient(x: Tensor, dy: Tensor, filterShape: number[], attributes: Attributes): Tensor {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  return runKernel(
    'Conv2DBackpropFilter',
    { x, dy },
    { strides, pad, dataFormat, dimRoundingMode, filterShape },
  );
}

/** `a` times `b`, each transposed first where asked, summed over the batch axes that `like` does not have. */
function productLike(like: Tensor, a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return sumToShape(matMul(a, b, transposeA, transposeB), like.shape);
}

/**
 * The gradients of convolution, pooling, matrix product and inference batch norm.
 *
 * A convolution is linear in its input and in its filter, so the three kernels that it and its
 * gradients run are each other's gradients, to any order.
 */
export const convolutionRules: Readonly<Record<string, GradientRule>> = {
  ...averagePoolRules,
  BatchMatMul: {
    inputs: ['a', 'b'],
    gradients: (dy, saved, { transposeA, transposeB }) => {
      const a = savedTensor(saved, 0);
      const b = savedTensor(saved, 1);
      const aTransposed = Boolean(transposeA);
      const bTransposed = Boolean(transposeB);
      return {
        a: () =>
          aTransposed ? productLike(a, b, dy, bTransposed, true) : productLike(a, dy, b, false, !bTransposed),
        b: () =>
          bTransposed ? productLike(b, dy, a, true, aTransposed) : productLike(b, a, dy, !aTransposed, false),
      };
    },
  },
  Conv2D: {
    inputs: ['x', 'filter'],
    gradients: (dy, saved, attributes) => {
      requireNoDilation('Conv2D', attributes['dilations']);
      const x = savedTensor(saved, 0);
      const filter = savedTensor(saved, 1);
      return {
        x: () => inputGradient(dy, filter, x.shape, attributes),
        filter: () => filterGradient(x, dy, filter.shape, attributes),
      };
    },
  },
  Conv2DBackpropFilter: {
    inputs: ['x', 'dy'],
    gradients: (ddFilter, saved, attributes) => {
      const x = savedTensor(saved, 0);
      const dy = savedTensor(saved, 1);
      return {
        x: () => inputGradient(dy, ddFilter, x.shape, attributes),
        dy: () => convolve(x, ddFilter, attributes),
      };
    },
  },
  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    gradients: (ddx, saved, attributes) => {
      const dy = savedTensor(saved, 0);
      const filter = savedTensor(saved, 1);
      return {
        dy: () => convolve(ddx, filter, attributes),
        filter: () => filterGradient(ddx, dy, filter.shape, attributes),
      };
    },
  },
  DepthwiseConv2dNative: {
    inputs: ['x', 'filter'],
    gradients: (dy, saved, { strides, pad, dilations, dimRoundingMode }) => {
      requireNoDilation('DepthwiseConv2dNative', dilations);
      const x = savedTensor(saved, 0);
      const filter = savedTensor(saved, 1);
      const attributes = { strides, pad, dilations: [1, 1], dimRoundingMode };
      return {
        x: () =>
          runKernel(
            'DepthwiseConv2dNativeBackpropInput',
            { dy, filter },
            { ...attributes, inputShape: x.shape },
          ),
        filter: () =>
          runKernel(
            'DepthwiseConv2dNativeBackpropFilter',
            { x, dy },
            { ...attributes, filterShape: filter.shape },
          ),
      };
    },
  },
  FusedBatchNorm: {
    inputs: ['x', 'mean', 'variance', 'scale'],
    gradients: (dy, saved, { varianceEpsilon }) => {
      const x = savedTensor(saved, 0);
      const mean = savedTensor(saved, 1);
      const variance = savedTensor(saved, 2);
      const scale = savedTensor(saved, 3);
      const inverse = () => rsqrt(add(variance, varianceEpsilon as number));
      return {
        x: () => mul(dy, mul(inverse(), scale)),
        mean: () => neg(sumToShape(mul(dy, mul(inverse(), scale)), mean.shape)),
        variance: () => {
          const centred = sumToShape(mul(dy, sub(x, mean)), variance.shape);
          const inverted = inverse();
          return mul(mul(centred, mul(scale, -0.5)), mul(inverted, mul(inverted, inverted)));
        },
        scale: () => sumToShape(mul(dy, mul(sub(x, mean), inverse())), scale.shape),
        offset: () => sumToShape(dy, scale.shape),
      };
    },
  },
  MaxPool: {
    inputs: ['x'],
    outputs: [true],
    gradients: (dy, saved, { filterSize, strides, pad, dimRoundingMode }) => {
      const input = savedTensor(saved, 0);
      const output = savedTensor(saved, 1);
      return {
        x: () =>
          runKernel('MaxPoolGrad', { dy, input, output }, { filterSize, strides, pad, dimRoundingMode }),
      };
    },
  },
};
