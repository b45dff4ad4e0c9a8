import {
  Bincount,
  type BincountAttrs,
  type BincountInputs,
  DenseBincount,
  type DenseBincountAttrs,
  type DenseBincountInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { TorchBackendError } from '../errors.js';
import type { Handle } from '../native/addon.js';
import { numberOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const zeros = operator('aten::zeros');
const onesLike = operator('aten::ones_like');
const clampMax = operator('aten::clamp_max');
const toType = operator('aten::to', 'dtype');
const scatterAddInPlace = operator('aten::scatter_add_');
const scatterValueInPlace = operator('aten::scatter_', 'value');
const any = operator('aten::any');
const isNegative = operator('aten::lt', 'Scalar');
const isTrue = numberOperator('aten::is_nonzero');
const reshape = operator('aten::reshape');
const narrow = operator('aten::narrow');
const contiguous = operator('aten::contiguous');

defineKernel<BincountInputs, BincountAttrs>(Bincount, ({ inputs: { x, weights }, attrs, backend }) => {
  const whole = [util.sizeFromShape(x.shape)];
  return counted(x, weights, whole, attrs.size, false, backend);
});

defineKernel<DenseBincountInputs, DenseBincountAttrs>(
  DenseBincount,
  ({ inputs: { x, weights }, attrs, backend }) =>
    counted(x, weights, x.shape, attrs.size, attrs.binaryOutput ?? false, backend),
);

/**
 * For each row of x, taken in the given shape, how often each number below `size` occurs, or the sum of its weights.
 */
function counted(
  x: TensorInfo,
  weights: TensorInfo,
  shape: readonly number[],
  size: number,
  binary: boolean,
  backend: TorchBackend,
): TensorInfo {
  const numbers = reshape(backend.handle(x), shape);
  const range = backend.rangeOf(x);
  if (range === undefined || range.least < 0) refuseNegative(numbers);
  // Numbers that are too large go to a bin of their own.
  const bins = zeros([...shape.slice(0, -1), size + 1], weights.dtype, undefined, backend.device);
  const index = toType(clampMax(numbers, size), 'int64');
  if (binary) scatterValueInPlace(bins, -1, index, 1);
  else {
    const weighted = util.sizeFromShape(weights.shape) > 0;
    const amounts = weighted ? reshape(backend.handle(weights), shape) : onesLike(index, weights.dtype);
    scatterAddInPlace(bins, -1, index, amounts);
  }
  return backend.output(contiguous(narrow(bins, -1, 0, size)));
}

/** Checked before, as a GPU that meets an index out of range is lost to the whole process. */
function refuseNegative(numbers: Handle): void {
  if (isTrue(any(isNegative(numbers, 0))) === 0) return;
  throw new TorchBackendError('INVALID_ARGUMENT', {
    message: 'A negative number cannot be counted.',
    expected: 'whole numbers from 0 on',
  });
}
