import { type backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { TorchBackendError } from '../errors.js';
import type { Handle } from '../native/addon.js';
import { dataTypeOf } from '../native/description.js';
import { operator } from '../native/operator.js';

/** One spatial axis of a convolution or pooling, as TensorFlow lays it out. */
interface WindowAxis {
  /** Sizes of input and output. */
  input: number;
  output: number;
  /** Size of the filter, before dilation. */
  filter: number;
  stride: number;
  dilation: number;
  /** Padding before the first element; tfjs lets it be negative in three dimensions, which skips elements. */
  before: number;
}

/** Where the windows of a convolution or pooling lie, in libtorch's terms: spatial axes come last. */
export interface SpatialWindow {
  readonly channelsLast: boolean;
  readonly inputShape: readonly number[];
  readonly outputShape: number[];
  readonly axes: readonly WindowAxis[];
  readonly kernel: number[];
  readonly stride: number[];
  readonly dilation: number[];
  /** Padding that libtorch applies, the same on both sides of an axis. */
  readonly padding: number[];
  /** Where TensorFlow's padding differs between the sides: what to pad with beforehand, `padding` being zero. */
  readonly explicit?: { readonly before: number[]; readonly after: number[] };
  /**
   * Strides of windows of one element: the elements between them are left out beforehand, `stride` being one. oneDNN's
   * routine for that filter's gradient writes beyond its memory (seen with AVX2 and fewer than eight channels).
   */
  readonly sampled?: readonly number[];
}

const permute = operator('aten::permute');
const contiguous = operator('aten::contiguous');
const padConstant = operator('aten::constant_pad_nd');
const slice = operator('aten::slice', 'Tensor');
const zeros = operator('aten::zeros');
const copyInto = operator('aten::copy_');
const empty = operator('aten::empty', 'memory_format');

/**
 * The geometry that tfjs computed, for libtorch, which knows no asymmetric padding.
 *
 * @param limitPadding Pooling's limit of half the window for libtorch's own padding.
 */
export function spatialWindow(
  info: backend_util.Conv2DInfo | backend_util.Conv3DInfo,
  limitPadding = false,
): SpatialWindow {
  const axes = windowAxes(info);
  const skips = axes.every(({ filter }) => filter === 1) && axes.some(({ stride }) => stride > 1);
  const native = axes.every((axis) => {
    if (skips) return axis.before === 0 && Math.ceil(axis.input / axis.stride) === axis.output;
    const rows = axis.input + 2 * axis.before - extent(axis);
    const allowed = axis.before >= 0 && (!limitPadding || axis.before <= extent(axis) / 2);
    return allowed && Math.floor(rows / axis.stride) + 1 === axis.output;
  });
  return {
    channelsLast: info.dataFormat === 'channelsLast',
    inputShape: info.inShape,
    outputShape: info.outShape,
    axes,
    kernel: axes.map((axis) => axis.filter),
    stride: axes.map((axis) => (skips ? 1 : axis.stride)),
    dilation: axes.map((axis) => axis.dilation),
    padding: axes.map((axis) => (native ? axis.before : 0)),
    ...(skips ? { sampled: axes.map((axis) => axis.stride) } : {}),
    ...(native
      ? {}
      : { explicit: { before: axes.map((axis) => axis.before), after: axes.map(missingAfter) } }),
  };
}

/** The tensor with its channels second, as a view; NHWC memory becomes libtorch's channels_last. */
function channelsSecond(x: Handle, window: SpatialWindow): Handle {
  if (!window.channelsLast) return x;
  const view = window.axes.length === 2 ? permute(x, [0, 3, 1, 2]) : permute(x, [0, 4, 1, 2, 3]);
  return contiguous(view, memoryFormat(window));
}

/** A result with its channels second in the data format of the call; for NHWC it is contiguous as such. */
export function fromChannelsSecond(x: Handle, window: SpatialWindow): Handle {
  if (!window.channelsLast) return x;
  return contiguous(window.axes.length === 2 ? permute(x, [0, 2, 3, 1]) : permute(x, [0, 2, 3, 4, 1]));
}

/** An input with its channels second, prepared as in {@link preparedInput}. */
export function paddedInput(x: Handle, window: SpatialWindow, value = 0): Handle {
  return channelsSecond(preparedInput(x, window, value), window);
}

/** An input in the data format of the call, with the padding that libtorch cannot express and without unread elements. */
export function preparedInput(x: Handle, window: SpatialWindow, value = 0): Handle {
  if (window.explicit === undefined) return sampled(x, window);
  const { before, after } = window.explicit;
  return sampled(padConstant(x, padList(window, before, after, 1), value), window);
}

/** libtorch's list of paddings in the data format of the call: from the last axis to the first. */
function padList(window: SpatialWindow, before: number[], after: number[], factor: 1 | -1): number[] {
  const spatial = window.axes.map((_, i) => [factor * (before[i] as number), factor * (after[i] as number)]);
  return [...(window.channelsLast ? [0, 0] : []), ...spatial.reverse().flat()];
}

/** The elements of a padded input that windows of one element read, as a view. */
function sampled(padded: Handle, window: SpatialWindow): Handle {
  let part = padded;
  window.sampled?.forEach((stride, i) => {
    part = slice(part, (window.channelsLast ? 1 : 2) + i, 0, undefined, stride);
  });
  return part;
}

/**
 * What has the padded input's shape, for the gradients that only read its sizes: the input itself where it has that
 * shape, otherwise memory without values.
 */
export function shapedLikeInput(
  x: TensorInfo | undefined,
  window: SpatialWindow,
  backend: TorchBackend,
): Handle {
  if (x !== undefined && window.explicit === undefined && window.sampled === undefined) {
    return channelsSecond(backend.handle(x), window);
  }
  const shape = preparedShape(window);
  const format = window.channelsLast ? memoryFormat(window) : 'contiguous';
  if (window.channelsLast) shape.splice(1, 0, shape.pop() as number);
  return empty(shape, 'float32', undefined, backend.device, undefined, format);
}

/** The shape of what {@link preparedInput} gives, in the data format of the call. */
export function preparedShape(window: SpatialWindow): number[] {
  if (window.sampled === undefined) return paddedShape(window);
  const { channelsLast, inputShape, axes } = window;
  const sizes = axes.map(({ output }) => output);
  const [batch, channels] = [
    inputShape[0] as number,
    inputShape[channelsLast ? axes.length + 1 : 1] as number,
  ];
  return channelsLast ? [batch, ...sizes, channels] : [batch, channels, ...sizes];
}

/** The gradient of the output with its channels second, checked as in {@link fittingOutputGradient}. */
export function outputGradient(dy: TensorInfo, window: SpatialWindow, backend: TorchBackend): Handle {
  return channelsSecond(fittingOutputGradient(dy, window, backend), window);
}

/**
 * The gradient of the output in the data format of the call. Its shape is checked: not every routine does so before it
 * reads. What reaches beyond the output is left out, as tfjs's own backends do.
 */
export function fittingOutputGradient(dy: TensorInfo, window: SpatialWindow, backend: TorchBackend): Handle {
  const { outputShape } = window;
  let handle = backend.handle(dy);
  const covers =
    dy.shape.length === outputShape.length && outputShape.every((size, i) => size <= (dy.shape[i] ?? 0));
  if (!covers) {
    throw new TorchBackendError('INVALID_ARGUMENT', {
      message: `The gradient of the output has the shape [${dy.shape}], the output [${outputShape}].`,
      given: dy.shape,
      expected: `the shape [${outputShape}]`,
    });
  }
  outputShape.forEach((size, axis) => {
    if (size !== dy.shape[axis]) handle = slice(handle, axis, 0, size);
  });
  return handle;
}

/** The gradient of the unpadded input, in the data format of the call, from that of {@link paddedInput}. */
export function inputGradient(gradient: Handle, window: SpatialWindow, backend: TorchBackend): Handle {
  return unpadded(fromChannelsSecond(gradient, window), window, backend);
}

/** The same from a gradient that is in the data format of the call already. */
export function unpadded(gradient: Handle, window: SpatialWindow, backend: TorchBackend): Handle {
  let result = gradient;
  if (window.sampled !== undefined) {
    const whole = zeros(paddedShape(window), dataTypeOf(result), undefined, backend.device);
    copyInto(sampled(whole, window), result);
    result = whole;
  }
  if (window.explicit === undefined) return result;
  const { before, after } = window.explicit;
  return padConstant(result, padList(window, before, after, -1), 0);
}

/** Sizes of the spatial axes with the padding that libtorch cannot express. */
function paddedSizes({ axes, explicit }: SpatialWindow): number[] {
  return axes.map(({ input }, i) => input + (explicit?.before[i] ?? 0) + (explicit?.after[i] ?? 0));
}

/** The shape of the padded input in the data format of the call. */
function paddedShape(window: SpatialWindow): number[] {
  const { channelsLast, inputShape } = window;
  const [batch, channels] = [inputShape[0], channelsLast ? inputShape.at(-1) : inputShape[1]] as [
    number,
    number,
  ];
  const sizes = paddedSizes(window);
  return channelsLast ? [batch, ...sizes, channels] : [batch, channels, ...sizes];
}

/** Whether no window fits, which libtorch refuses and tfjs answers with a tensor without elements. */
export function isEmpty(window: SpatialWindow): boolean {
  return util.sizeFromShape(window.outputShape) === 0;
}

/** The result of windows that do not fit. */
export function emptyOutput(window: SpatialWindow, backend: TorchBackend): TensorInfo {
  return backend.output(empty(window.outputShape, 'float32', undefined, backend.device));
}

/** libtorch's name for NHWC memory seen with its channels second. */
function memoryFormat(window: SpatialWindow): string {
  return window.axes.length === 2 ? 'channels_last' : 'channels_last_3d';
}

function windowAxes(info: backend_util.Conv2DInfo | backend_util.Conv3DInfo): WindowAxis[] {
  const height: WindowAxis = {
    input: info.inHeight,
    output: info.outHeight,
    filter: info.filterHeight,
    stride: info.strideHeight,
    dilation: info.dilationHeight,
    before: info.padInfo.top,
  };
  const width: WindowAxis = {
    input: info.inWidth,
    output: info.outWidth,
    filter: info.filterWidth,
    stride: info.strideWidth,
    dilation: info.dilationWidth,
    before: info.padInfo.left,
  };
  if (!('inDepth' in info)) return [height, width];
  const depth: WindowAxis = {
    input: info.inDepth,
    output: info.outDepth,
    filter: info.filterDepth,
    stride: info.strideDepth,
    dilation: info.dilationDepth,
    before: info.padInfo.front,
  };
  return [depth, height, width];
}

function extent(axis: WindowAxis): number {
  return (axis.filter - 1) * axis.dilation + 1;
}

/**
 * Padding after the last element that the last window reaches into; negative where the last windows reach less far than
 * the input, as with tfjs's numeric padding, which goes by the filter's height on both axes.
 */
function missingAfter(axis: WindowAxis): number {
  return (axis.output - 1) * axis.stride + extent(axis) - axis.input - axis.before;
}
