import {
  backend_util,
  DepthwiseConv2dNative,
  type DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
  type DepthwiseConv2dNativeInputs,
  FusedDepthwiseConv2D,
  type FusedDepthwiseConv2DAttrs,
  type FusedDepthwiseConv2DInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { convolutionFilterGradient, convolutionInputGradient, convolve } from './convolve.js';
import { defineKernel } from './defineKernel.js';
import { finishConvolution } from './fusedActivation.js';
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

const permute = operator('aten::permute');
const reshape = operator('aten::reshape');
const contiguous = operator('aten::contiguous');
const empty = operator('aten::empty', 'memory_format');

/** What the attributes of these kernels have in common; the gradients come without a data format. */
interface DepthwiseAttrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dilations?: [number, number] | number | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: 'NHWC' | 'NCHW';
}

/** Filter shape as tfjs has it: height, width, channels, filters of each channel. */
type FilterShape = [number, number, number, number];

defineKernel<DepthwiseConv2dNativeInputs, DepthwiseConv2dNativeAttrs>(
  DepthwiseConv2dNative,
  ({ inputs: { x, filter }, attrs, backend }) => {
    const window = windowOf(x.shape, filter.shape, attrs);
    if (isEmpty(window)) return emptyOutput(window, backend);
    return backend.output(forward(x, filter, window, backend));
  },
);

defineKernel<FusedDepthwiseConv2DInputs, FusedDepthwiseConv2DAttrs>(
  FusedDepthwiseConv2D,
  ({ inputs: { x, filter, bias, preluActivationWeights }, attrs, backend }) => {
    const window = windowOf(x.shape, filter.shape, attrs);
    if (isEmpty(window)) return emptyOutput(window, backend);
    const result = forward(x, filter, window, backend);
    return backend.output(finishConvolution(result, bias, preluActivationWeights, attrs, backend));
  },
);

defineKernel<DepthwiseConv2dNativeBackpropInputInputs, DepthwiseConv2dNativeBackpropInputAttrs>(
  DepthwiseConv2dNativeBackpropInput,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    const window = windowOf(attrs.inputShape, filter.shape, attrs);
    const input = shapedLikeInput(undefined, window, backend);
    const outer = outputGradient(dy, window, backend);
    const groups = filter.shape[2] as number;
    const gradient = convolutionInputGradient(outer, input, grouped(filter, backend), window, groups);
    return backend.output(inputGradient(gradient, window, backend));
  },
);

defineKernel<DepthwiseConv2dNativeBackpropFilterInputs, DepthwiseConv2dNativeBackpropFilterAttrs>(
  DepthwiseConv2dNativeBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    const window = windowOf(x.shape, attrs.filterShape, attrs);
    const [height, width, channels, multiplier] = attrs.filterShape;
    const weight = empty([channels * multiplier, 1, height, width], 'float32', undefined, backend.device);
    const input = paddedInput(backend.handle(x), window);
    const gradient = convolutionFilterGradient(
      outputGradient(dy, window, backend),
      input,
      weight,
      window,
      channels,
    );
    const split = reshape(gradient, [channels, multiplier, height, width]);
    return backend.output(contiguous(permute(split, [2, 3, 0, 1])));
  },
);

function windowOf(inputShape: number[], filterShape: number[], attrs: DepthwiseAttrs): SpatialWindow {
  return spatialWindow(
    backend_util.computeConv2DInfo(
      inputShape as [number, number, number, number],
      filterShape as FilterShape,
      attrs.strides,
      attrs.dilations ?? 1,
      attrs.pad,
      attrs.dimRoundingMode,
      true,
      backend_util.convertConv2DDataFormat(attrs.dataFormat ?? 'NHWC'),
    ),
  );
}

function forward(x: TensorInfo, filter: TensorInfo, window: SpatialWindow, backend: TorchBackend): Handle {
  const input = paddedInput(backend.handle(x), window);
  const groups = filter.shape[2] as number;
  return fromChannelsSecond(convolve(input, grouped(filter, backend), null, window, groups), window);
}

/** A depthwise filter as libtorch's filter of one group a channel: [channels * multiplier, 1, height, width]. */
function grouped(filter: TensorInfo, backend: TorchBackend): Handle {
  const [height, width, channels, multiplier] = filter.shape as FilterShape;
  return reshape(permute(backend.handle(filter), [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}
