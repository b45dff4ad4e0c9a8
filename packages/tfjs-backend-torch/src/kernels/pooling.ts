import {
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
  backend_util,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { listOperator, numberOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import {
  emptyOutput,
  fromChannelsSecond,
  inputGradient,
  isEmpty,
  outputGradient,
  paddedInput,
  shapedLikeInput,
  type SpatialWindow,
  spatialWindow,
} from './spatialWindow.js';

const poolings = {
  2: {
    max: listOperator('aten::max_pool2d_with_indices'),
    maxBackward: operator('aten::max_pool2d_with_indices_backward'),
    average: operator('aten::avg_pool2d'),
    averageBackward: operator('aten::avg_pool2d_backward'),
  },
  3: {
    max: listOperator('aten::max_pool3d_with_indices'),
    maxBackward: operator('aten::max_pool3d_with_indices_backward'),
    average: operator('aten::avg_pool3d'),
    averageBackward: operator('aten::avg_pool3d_backward'),
  },
} as const;
const sum = operator('aten::sum');
const item = numberOperator('aten::item');
const replaceNaN = operator('aten::nan_to_num');
const divide = operator('aten::div', 'Tensor');
const to = operator('aten::to', 'dtype');

/** The attributes of all pooling kernels; those of three dimensions carry a data format. */
interface PoolAttrs {
  filterSize: number[] | number;
  strides: number[] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NDHWC' | 'NCDHW';
}

type Gradient = { dy: TensorInfo; input: TensorInfo };
type Dimensions = keyof typeof poolings;

for (const [kernelName, dimensions] of [
  [MaxPool, 2],
  [MaxPool3D, 3],
] as const) {
  defineKernel<{ x: TensorInfo }, PoolAttrs>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const window = poolWindow(x.shape, attrs, dimensions);
    if (isPointwise(window)) return backend.share(x);
    if (isEmpty(window)) return emptyOutput(window, backend);
    return backend.output(fromChannelsSecond(maxPool(x, window, backend).values, window), x.dtype);
  });
}

for (const [kernelName, dimensions] of [
  [MaxPoolGrad, 2],
  [MaxPool3DGrad, 3],
] as const) {
  defineKernel<Gradient, PoolAttrs>(kernelName, ({ inputs: { dy, input }, attrs, backend }) => {
    const window = poolWindow(input.shape, attrs, dimensions);
    const outer = outputGradient(dy, window, backend);
    const { indices, padded } = maxPool(input, window, backend);
    const { kernel, stride, padding, dilation } = window;
    const { maxBackward } = poolings[dimensions];
    const gradient = maxBackward(outer, padded, kernel, stride, padding, dilation, false, indices);
    return backend.output(inputGradient(gradient, window, backend), 'float32');
  });
}

for (const [kernelName, dimensions] of [
  [AvgPool, 2],
  [AvgPool3D, 3],
] as const) {
  defineKernel<{ x: TensorInfo }, PoolAttrs>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const window = poolWindow(x.shape, attrs, dimensions);
    if (isPointwise(window)) return backend.share(x);
    if (isEmpty(window)) return emptyOutput(window, backend);
    const { average } = poolings[dimensions];
    const { kernel, stride, padding } = window;
    const padded = paddedInput(asFloat(x, backend), window);
    const result =
      window.explicit === undefined
        ? average(padded, kernel, stride, padding, false, false)
        : divide(
            average(padded, kernel, stride, padding, false, true, 1),
            elementsInWindows(window, backend),
          );
    return backend.output(fromChannelsSecond(result, window), 'float32');
  });
}

for (const [kernelName, dimensions] of [
  [AvgPoolGrad, 2],
  [AvgPool3DGrad, 3],
] as const) {
  defineKernel<Gradient, PoolAttrs>(kernelName, ({ inputs: { dy, input }, attrs, backend }) => {
    const window = poolWindow(input.shape, attrs, dimensions);
    const outer = outputGradient(dy, window, backend);
    const { averageBackward } = poolings[dimensions];
    const { kernel, stride, padding } = window;
    const x = shapedLikeInput(input, window, backend);
    // As on tfjs's other backends a window counts all its elements here, those in the padding included.
    const gradient = averageBackward(
      outer,
      x,
      kernel,
      stride,
      padding,
      false,
      true,
      util.sizeFromShape(kernel),
    );
    return backend.output(inputGradient(gradient, window, backend));
  });
}

/** The windows of a pooling kernel's call. */
function poolWindow(shape: number[], attrs: PoolAttrs, dimensions: Dimensions): SpatialWindow {
  const { filterSize, strides, pad, dimRoundingMode, dataFormat } = attrs;
  const info =
    dimensions === 2
      ? backend_util.computePool2DInfo(
          shape as [number, number, number, number],
          filterSize as [number, number],
          strides as [number, number],
          1,
          pad,
          dimRoundingMode,
        )
      : backend_util.computePool3DInfo(
          shape as [number, number, number, number, number],
          filterSize as [number, number, number],
          strides as [number, number, number],
          1,
          pad as 'valid' | 'same' | number,
          dimRoundingMode,
          dataFormat,
        );
  return spatialWindow(info, true);
}

/**
 * The maxima, where they are in each plane of the padded input, and the padded input, all with their channels second.
 * tfjs passes NaN over, libtorch does not.
 */
function maxPool(
  x: TensorInfo,
  window: SpatialWindow,
  backend: TorchBackend,
): { values: Handle; indices: Handle; padded: Handle } {
  const { kernel, stride, padding, dilation } = window;
  const { max } = poolings[window.axes.length as Dimensions];
  const pooled = (padded: Handle): { values: Handle; indices: Handle; padded: Handle } => {
    const [values, indices] = max(padded, kernel, stride, padding, dilation) as [Handle, Handle];
    return { values, indices, padded };
  };
  const input = paddedInput(asFloat(x, backend), window, -Infinity);
  // Looking at the result for NaN costs little, but on a GPU it would wait for it.
  if (backend.device === 'cpu') {
    const result = pooled(input);
    if (!Number.isNaN(item(sum(result.values)))) return result;
  }
  return pooled(replaceNaN(input, -Infinity, Infinity, -Infinity));
}

/** libtorch pools floating-point numbers only; double precision holds every 32-bit integer, where there is any. */
function asFloat(x: TensorInfo, backend: TorchBackend): Handle {
  const handle = backend.handle(x);
  if (x.dtype === 'float32') return handle;
  return to(handle, backend.device === 'mps' ? 'float32' : 'float64');
}

/** How many elements of the input, padding left out, each window averages over. */
function elementsInWindows(window: SpatialWindow, backend: TorchBackend): Handle {
  const sizes = window.axes.map((axis) => axis.output);
  let counts = [1];
  for (const { output, stride, before, filter, input } of window.axes) {
    const along = Array.from({ length: output }, (_, i) => {
      const start = i * stride - before;
      return Math.max(0, Math.min(start + filter, input) - Math.max(start, 0));
    });
    counts = counts.flatMap((count) => along.map((length) => count * length));
  }
  const positive = counts.map((count) => Math.max(1, count));
  return backend.constant(Float32Array.from(positive), [1, 1, ...sizes], 'float32');
}

/** Windows of one element each, which tfjs takes for no pooling at all, whatever the padding. */
function isPointwise({ axes, kernel, inputShape, outputShape }: SpatialWindow): boolean {
  return (
    axes.length === 2 && kernel.every((size) => size === 1) && util.arraysEqual([...inputShape], outputShape)
  );
}
