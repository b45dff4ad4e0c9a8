// Kernels that libtorch has no counterpart of and that no training step waits for: tfjs's own JavaScript runs them.
import {
  Dilation2D,
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

import { defineHostKernel } from './onHost.js';

for (const kernelName of [
  Dilation2D,
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
]) {
  defineHostKernel(kernelName);
}
