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
  const [batch, height, width, channels] = inputShape as Shape4D;
  const rows = coveredBy(height, pool.padInfo.top, pool.outHeight, pool.strideHeight, pool.filterHeight);
  const columns = coveredBy(width, pool.padInfo.left, pool.outWidth, pool.strideWidth, pool.filterWidth);
  if (isUnpadded(rows, height) && isUnpadded(columns, width)) {
    return unpaddedGradient(dy, inputShape, attributes);
  }

  const inside = pad(ones<Rank.R4>([1, rows.read, columns.read, 1]), [
    [0, 0],
    [rows.before, rows.after],
    [columns.before, columns.after],
    [0, 0],
  ]);
  const shareInside = avgPool(inside, [pool.filterHeight, pool.filterWidth], strides as number, 'valid');
  const paddedShape = [batch, inside.shape[1], inside.shape[2], channels];
  const dxPadded = unpaddedGradient(div(dy, shareInside), paddedShape, attributes);
  const dx = slice(
    dxPadded,
    [0, rows.before, columns.before, 0],
    [batch, rows.read, columns.read, channels],
  ) as Tensor4D;
  if (rows.read === height && columns.read === width) return dx;
  return pad(dx, [
    [0, 0],
    [0, height - rows.read],
    [0, width - columns.read],
    [0, 0],
  ]);
}

/** How an axis of the input lies in what the windows cover. */
interface Covered {
  /** Padding before the input. */
  readonly before: number;
  /** Padding after it. */
  readonly after: number;
  /** Elements of the input that are given to the kernel; those behind them no window reaches. */
  readonly read: number;
}

/**
 * Padding that is one number gives TensorFlow.js the number of windows by the height of one, along both
 * axes: where it is no square, windows can reach further than the padding, or leave whole strides unread.
 */
function coveredBy(length: number, before: number, windows: number, stride: number, size: number): Covered {
  const end = (windows - 1) * stride + size - before;
  // Without padding the kernel finds as many windows as long as less than a stride is left over.
  const read = length - end < stride ? length : end;
  return { before, after: Math.max(0, end - read), read };
}

function isUnpadded({ before, after, read }: Covered, length: number): boolean {
  return before === 0 && after === 0 && read === length;
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
