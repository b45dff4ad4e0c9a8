import { backend_util } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';

type Shape4D = [number, number, number, number];

/** The attributes that a convolution shares with its two gradients. */
export interface ConvolutionAttributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The geometry of the convolution that `kernelName` is a gradient of. */
export function convolutionOf(
  kernelName: string,
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dataFormat, dimRoundingMode }: ConvolutionAttributes,
): backend_util.Conv2DInfo {
  if (dataFormat === 'NCHW') {
    throw backendError('UNSUPPORTED', {
      message: `${kernelName} on wasm takes channels last, like the convolution itself`,
      given: dataFormat,
      expected: 'NHWC',
      remedy: 'Transpose the images to [N, H, W, C] once, before the first layer',
    });
  }
  return backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}
