import {
  backend_util,
  Conv3D,
  type Conv3DAttrs,
  Conv3DBackpropFilterV2,
  type Conv3DBackpropFilterV2Attrs,
  type Conv3DBackpropFilterV2Inputs,
  Conv3DBackpropInputV2,
  type Conv3DBackpropInputV2Attrs,
  type Conv3DBackpropInputV2Inputs,
  type Conv3DInputs,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { convolutionFilterGradient, convolutionInputGradient, convolve } from './convolve.js';
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

const permute = operator('aten::permute');
const contiguous = operator('aten::contiguous');
const empty = operator('aten::empty', 'memory_format');

/** What the attributes of these kernels have in common; the gradients come without dilations and data format. */
interface Convolution3DAttrs {
  strides: [number, number, number] | number;
  pad: 'valid' | 'same';
  dilations?: [number, number, number] | number;
  dataFormat?: 'NDHWC' | 'NCDHW';
}

type Shape5D = [number, number, number, number, number];

/** From tfjs's order of a filter's axes (depth, height, width, input and output channels) to libtorch's. */
const outputFirst = [4, 3, 0, 1, 2];
const outputLast = [2, 3, 4, 1, 0];

defineKernel<Conv3DInputs, Conv3DAttrs>(Conv3D, ({ inputs: { x, filter }, attrs, backend }) => {
  const window = windowOf(x.shape, filter.shape, attrs);
  if (isEmpty(window)) return emptyOutput(window, backend);
  const weight = permute(backend.handle(filter), outputFirst);
  const result = convolve(paddedInput(backend.handle(x), window), weight, null, window, 1);
  return backend.output(fromChannelsSecond(result, window));
});

defineKernel<Conv3DBackpropInputV2Inputs, Conv3DBackpropInputV2Attrs>(
  Conv3DBackpropInputV2,
  ({ inputs: { dy, filter }, attrs, backend }) => {
    const window = windowOf(attrs.inputShape, filter.shape, attrs);
    const weight = permute(backend.handle(filter), outputFirst);
    const outer = outputGradient(dy, window, backend);
    const gradient = convolutionInputGradient(
      outer,
      shapedLikeInput(undefined, window, backend),
      weight,
      window,
      1,
    );
    return backend.output(inputGradient(gradient, window, backend));
  },
);

defineKernel<Conv3DBackpropFilterV2Inputs, Conv3DBackpropFilterV2Attrs>(
  Conv3DBackpropFilterV2,
  ({ inputs: { x, dy }, attrs, backend }) => {
    const window = windowOf(x.shape, attrs.filterShape, attrs);
    const sizes = outputFirst.map((axis) => attrs.filterShape[axis] as number);
    const weight = empty(sizes, 'float32', undefined, backend.device);
    const outer = outputGradient(dy, window, backend);
    const input = paddedInput(backend.handle(x), window);
    const gradient = convolutionFilterGradient(outer, input, weight, window, 1);
    return backend.output(contiguous(permute(gradient, outputLast)));
  },
);

function windowOf(inputShape: number[], filterShape: number[], attrs: Convolution3DAttrs): SpatialWindow {
  return spatialWindow(
    backend_util.computeConv3DInfo(
      inputShape as Shape5D,
      filterShape as Shape5D,
      attrs.strides,
      attrs.dilations ?? 1,
      attrs.pad,
      false,
      attrs.dataFormat === 'NCDHW' ? 'channelsFirst' : 'channelsLast',
    ),
  );
}
