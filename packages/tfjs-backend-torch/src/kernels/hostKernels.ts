// Kernels that libtorch has no counterpart of and that no training step waits for: tfjs's own JavaScript runs them.
import {
  Dilation2D,
  type Dilation2DAttrs,
  Dilation2DBackpropFilter,
  Dilation2DBackpropInput,
  Draw,
  MaxPoolWithArgmax,
  NonMaxSuppressionV3,
  NonMaxSuppressionV4,
  NonMaxSuppressionV5,
  RaggedGather,
  RaggedRange,
  RaggedTensorToTensor,
  RotateWithOffset,
  SparseFillEmptyRows,
  SparseReshape,
  SparseSegmentMean,
  SparseSegmentSum,
  StaticRegexReplace,
  StringNGrams,
  StringSplit,
  StringToHashBucketFast,
  Transform,
  Unique,
} from '@tensorflow/tfjs-core';

import { TorchBackendError } from '../errors.js';
import { defineHostKernel } from './onHost.js';

for (const kernelName of [
  Draw,
  MaxPoolWithArgmax,
  NonMaxSuppressionV3,
  NonMaxSuppressionV4,
  NonMaxSuppressionV5,
  RaggedGather,
  RaggedRange,
  RaggedTensorToTensor,
  RotateWithOffset,
  SparseFillEmptyRows,
  SparseReshape,
  SparseSegmentMean,
  SparseSegmentSum,
  StaticRegexReplace,
  StringNGrams,
  StringSplit,
  StringToHashBucketFast,
  Transform,
  Unique,
]) {
  defineHostKernel(kernelName);
}
for (const kernelName of [Dilation2D, Dilation2DBackpropFilter, Dilation2DBackpropInput]) {
  defineHostKernel(kernelName, requireStepsForward);
}

/** With a stride of 0 tfjs's kernels would step over the image for ever. */
function requireStepsForward(attrs: object): void {
  const { strides, dilations } = attrs as Dilation2DAttrs;
  for (const [name, steps] of Object.entries({ strides, dilations })) {
    if ([steps].flat().every((step) => step > 0)) continue;
    throw new TorchBackendError('INVALID_ARGUMENT', {
      message: `The ${name} of a dilation are [${steps}].`,
      given: steps,
      expected: 'positive whole numbers',
    });
  }
}
