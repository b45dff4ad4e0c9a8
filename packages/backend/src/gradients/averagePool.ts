import { avgPool, backend_util, div, engine, ones, pad, slice, zeros } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import { savedTensor } from './gradientRule.js';
import type { Attributes, GradientRule } from './gradientRule.js';

type Shape4D = [number, number, number, number];

/** The gradient of average pooling without padding, by the kernel that every backend has. */
function unpaddedGradient(dy: Tensor, inputShape: number[], { filterSize, strides }: Attributes): Tensor {
  // The kernel reads no more than the shape of its second input.
  const inputs = { dy, input: zeros(inputShape) };
  return engine().runKernel<Tensor>('AvgPoolGrad', inputs, {
    filterSize,
    strides,
    pad: 'valid',
  } as unknown as NamedAttrMap);
}

/**
 * dx of average pooling.
 *
 * A window that reaches into the padding is an average over fewer elements. TensorFlow.js's cpu
 * and wasm kernels forget that in the gradient, so padded windows are weighted here and the kernel
 * only sees the padded input.
 */
function averagePoolGradient(dy: Tensor, inputShape: number[], attributes: Attributes): Tensor {
  const { filterSize, strides, pad: padding, dimRoundingMode } = attributes;
  const pool = backend_util.computePool2DInfo(
    inputShape as Shape4D,
    filterSize as number,
    strides as number,
    1,
    padding as 'same',
    dimRoundingMode as 'floor' | undefined,
  );
  const { top, left } = pool.padInfo;
  const [batch, height, width, channels] = inputShape as Shape4D;
  const paddedHeight = Math.max(height, (pool.outHeight - 1) * pool.strideHeight + pool.filterHeight);
  const paddedWidth = Math.max(width, (pool.outWidth - 1) * pool.strideWidth + pool.filterWidth);
  const bottom = Math.max(0, paddedHeight - height - top);
  const right = Math.max(0, paddedWidth - width - left);
  if (top + bottom + left + right === 0) return unpaddedGradient(dy, inputShape, attributes);

  const inside = pad(ones<Rank.R4>([1, height, width, 1]), [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
  const shareInside = avgPool(inside, [pool.filterHeight, pool.filterWidth], strides as number, 'valid');
  const paddedShape = [batch, height + top + bottom, width + left + right, channels];
  const dxPadded = unpaddedGradient(div(dy, shareInside), paddedShape, attributes);
  return slice(dxPadded, [0, top, left, 0], inputShape);
}

/** The gradients of average pooling and, since that is linear, of its gradient. */
export const averagePoolRules: Readonly<Record<string, GradientRule>> = {
  AvgPool: {
    inputs: ['x'],
    gradients: (dy, saved, attributes) => ({
      x: () => averagePoolGradient(dy, savedTensor(saved, 0).shape, attributes),
    }),
  },
  AvgPoolGrad: {
    inputs: ['input'],
    gradients: (ddx, saved, { filterSize, strides }) => ({
      dy: () => avgPool(ddx as Tensor4D, filterSize as number, strides as number, 'valid'),
      input: () => zeros(savedTensor(saved, 0).shape),
    }),
  },
};
