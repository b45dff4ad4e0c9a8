import {
  backend_util,
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  type Conv2DInputs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { stridesOf } from '../native/description.js';
import { operator } from '../native/operator.js';
import { convolutionFilterGradient, convolutionInputGradient, convolve } from './convolve.js';
import { defineKernel } from './defineKernel.js';
import { filterGradientByProducts, productsAreFaster } from './filterGradientByProducts.js';
import { finishConvolution } from './fusedActivation.js';
import {
  emptyOutput,
  fittingOutputGradient,
  fromChannelsSecond,
  inputGradient,
  isEmpty,
  outputGradient,
  paddedInput,
  preparedInput,
  preparedShape,
  shapedLikeInput,
  type SpatialWindow,
  spatialWindow,
  unpadded,
} from './spatialWindow.js';

const nhwc = operator('protocl::conv2d_nhwc');
const nhwcInputGradient = operator('protocl::conv2d_nhwc_input_gradient');
const nhwcFilterGradient = operator('protocl::conv2d_nhwc_filter_gradient');
const permute = operator('aten::permute');
const contiguous = operator('aten::contiguous');
const empty = operator('aten::empty', 'memory_format');

/** What the attributes of the convolution kernels have in common. */
interface ConvolutionAttrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dataFormat: 'NHWC' | 'NCHW';
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Filter shape as tfjs has it: height, width, input channels, output channels. */
type FilterShape = [number, number, number, number];

/** A convolution's windows, and how many groups its channels form. */
interface Geometry {
  window: SpatialWindow;
  groups: number;
}

defineKernel<Conv2DInputs, Conv2DAttrs>(Conv2D, ({ inputs: { x, filter }, attrs, backend }) => {
  const geometry = geometryOf(x.shape, filter.shape, attrs);
  if (isEmpty(geometry.window)) return emptyOutput(geometry.window, backend);
  return backend.output(forward(x, filter, null, geometry, backend));
});

defineKernel<FusedConv2DInputs, FusedConv2DAttrs>(FusedConv2D, ({ inputs, attrs, backend }) => {
  const { x, filter, bias, preluActivationWeights } = inputs;
  const geometry = geometryOf(x.shape, filter.shape, attrs);
  if (isEmpty(geometry.window)) return emptyOutput(geometry.window, backend);
  const perChannel = bias != null && bias.shape.length === 1 && bias.shape[0] === filter.shape[3];
  const result = forward(x, filter, perChannel ? backend.handle(bias) : null, geometry, backend);
  const later = perChannel ? undefined : bias;
  return backend.output(finishConvolution(result, later, preluActivationWeights, attrs, backend));
});

defineKernel<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs & ConvolutionAttrs>(
  Conv2DBackpropInput,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    const { window, groups } = geometryOf(attrs.inputShape, filter.shape, attrs);
    const { stride, padding, dilation } = window;
    if (window.channelsLast) {
      const outer = fittingOutputGradient(dy, window, backend);
      const sizes = preparedShape(window);
      const adopted = adoptedFilter(filter, backend);
      const gradient = nhwcInputGradient(outer, adopted, sizes, stride, padding, dilation, groups);
      return backend.output(unpadded(gradient, window, backend));
    }
    const input = shapedLikeInput(undefined, window, backend);
    const weight = outputFirst(adoptedFilter(filter, backend));
    const gradient = convolutionInputGradient(
      outputGradient(dy, window, backend),
      input,
      weight,
      window,
      groups,
    );
    return backend.output(inputGradient(gradient, window, backend));
  },
);

defineKernel<Conv2DBackpropFilterInputs, Conv2DBackpropFilterAttrs & ConvolutionAttrs>(
  Conv2DBackpropFilter,
  ({ inputs: { x, dy }, attrs, backend }) => {
    const { window, groups } = geometryOf(x.shape, attrs.filterShape, attrs);
    const [height, width, inChannels, outChannels] = attrs.filterShape;
    if (productsAreFaster(inChannels, window, groups, backend)) {
      return backend.output(filterGradientByProducts(dy, x, window, backend));
    }
    if (window.channelsLast) {
      const { stride, padding, dilation } = window;
      const outer = fittingOutputGradient(dy, window, backend);
      const input = preparedInput(backend.handle(x), window);
      return backend.output(
        nhwcFilterGradient(outer, input, attrs.filterShape, stride, padding, dilation, groups),
      );
    }
    const sizes = [outChannels, inChannels, height, width];
    const weight = empty(sizes, 'float32', undefined, backend.device, undefined, 'channels_last');
    const input = paddedInput(backend.handle(x), window);
    const gradient = convolutionFilterGradient(
      outputGradient(dy, window, backend),
      input,
      weight,
      window,
      groups,
    );
    // HWIO with the strides of OHWI, like the filters that the forward convolution adopted.
    return backend.output(permute(contiguous(gradient, 'channels_last'), [2, 3, 1, 0]));
  },
);

function geometryOf(inputShape: number[], filterShape: number[], attrs: ConvolutionAttrs): Geometry {
  const info = backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as FilterShape,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    false,
    backend_util.convertConv2DDataFormat(attrs.dataFormat),
  );
  return { window: spatialWindow(info), groups: info.inChannels / (filterShape[2] as number) };
}

function forward(
  x: TensorInfo,
  filter: TensorInfo,
  bias: Handle | null,
  { window, groups }: Geometry,
  backend: TorchBackend,
): Handle {
  const weight = adoptedFilter(filter, backend);
  if (window.channelsLast) {
    const { stride, padding, dilation } = window;
    return nhwc(preparedInput(backend.handle(x), window), weight, bias, stride, padding, dilation, groups);
  }
  const input = paddedInput(backend.handle(x), window);
  return fromChannelsSecond(convolve(input, outputFirst(weight), bias, window, groups), window);
}

/**
 * A filter that lies in memory as libtorch wants it: with the output channels first it is channels_last. tfjs's HWIO
 * memory is neither contiguous nor channels_last in that view, so that each convolution would copy it: the tensor adopts
 * the layout once.
 */
function adoptedFilter(filter: TensorInfo, backend: TorchBackend): Handle {
  const handle = backend.handle(filter);
  const [height, width, inChannels] = filter.shape as FilterShape;
  const wanted = [width * inChannels, inChannels, 1, height * width * inChannels];
  const strides = stridesOf(handle);
  if (filter.shape.some((size, axis) => size > 1 && strides[axis] !== wanted[axis])) {
    const relaid = contiguous(outputFirst(handle), 'channels_last');
    backend.relayout(filter, permute(relaid, [2, 3, 1, 0]));
  }
  return backend.handle(filter);
}

/** A filter as libtorch sees it: output channels, input channels, height, width. */
function outputFirst(filter: Handle): Handle {
  return permute(filter, [3, 2, 0, 1]);
}
