import {
  FusedBatchNorm,
  type FusedBatchNormAttrs,
  type FusedBatchNormInputs,
  LRN,
  type LRNAttrs,
  LRNGrad,
  type LRNGradInputs,
  type LRNInputs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const batchNorm = operator('aten::batch_norm');
const movedim = operator('aten::movedim', 'int');
const add = operator('aten::add', 'Scalar');
const addInPlace = operator('aten::add_', 'Tensor');
const addScalarInPlace = operator('aten::add_', 'Scalar');
const subtract = operator('aten::sub', 'Tensor');
const subtractInPlace = operator('aten::sub_', 'Tensor');
const multiply = operator('aten::mul', 'Tensor');
const multiplyInPlace = operator('aten::mul_', 'Tensor');
const multiplyScalarInPlace = operator('aten::mul_', 'Scalar');
const divide = operator('aten::div', 'Tensor');
const rsqrtInPlace = operator('aten::rsqrt_');
const power = operator('aten::pow', 'Tensor_Scalar');
const square = operator('aten::square');
const reshape = operator('aten::reshape');
const averagePool = operator('aten::avg_pool1d');

/** tfjs leaves out the scale and the offset where there are none. */
type BatchNormInputs = Omit<FusedBatchNormInputs, 'scale' | 'offset'> & {
  scale?: TensorInfo;
  offset?: TensorInfo;
};

defineKernel<BatchNormInputs, FusedBatchNormAttrs>(FusedBatchNorm, ({ inputs, attrs, backend }) => {
  if (util.sizeFromShape(inputs.x.shape) === 0) return backend.share(inputs.x);
  const [x, mean, variance] = [inputs.x, inputs.mean, inputs.variance].map((info) =>
    backend.handle(info),
  ) as Triple;
  const [scale, offset] = [inputs.scale, inputs.offset].map((info) =>
    info == null ? null : backend.handle(info),
  );
  const { varianceEpsilon } = attrs;
  if (inputs.mean.shape.length === 1) {
    const normalized = batchNorm(
      movedim(x, -1, 1),
      scale,
      offset,
      mean,
      variance,
      false,
      0,
      varianceEpsilon,
      true,
    );
    return backend.output(movedim(normalized, 1, -1));
  }
  // The statistics may also have x's own shape.
  const factor = rsqrtInPlace(add(variance, varianceEpsilon));
  if (scale !== null) multiplyInPlace(factor, scale);
  const normalized = multiplyInPlace(subtract(x, mean), factor);
  return backend.output(offset === null ? normalized : addInPlace(normalized, offset));
});

type Triple = [Handle, Handle, Handle];

defineKernel<LRNInputs, LRNAttrs>(LRN, ({ inputs, attrs, backend }) => {
  const x = backend.handle(inputs.x);
  return backend.output(multiplyInPlace(power(norm(x, inputs.x.shape, attrs), -attrs.beta), x));
});

defineKernel<LRNGradInputs, LRNAttrs>(LRNGrad, ({ inputs, attrs, backend }) => {
  const [x, y, dy] = [inputs.x, inputs.y, inputs.dy].map((info) => backend.handle(info)) as Triple;
  const norms = norm(x, inputs.x.shape, attrs);
  const direct = multiplyInPlace(power(norms, -attrs.beta), dy);
  const shares = channelWindowSum(divide(multiply(dy, y), norms), inputs.x.shape, attrs.depthRadius);
  const indirect = multiplyScalarInPlace(multiplyInPlace(shares, x), 2 * attrs.alpha * attrs.beta);
  return backend.output(subtractInPlace(direct, indirect));
});

/** What LRN divides by, before the power: bias + alpha · (sum of the squares of the neighbouring channels). */
function norm(x: Handle, shape: readonly number[], { depthRadius, bias, alpha }: LRNAttrs): Handle {
  const sums = channelWindowSum(square(x), shape, depthRadius);
  return addScalarInPlace(multiplyScalarInPlace(sums, alpha), bias);
}

/** For each channel the sum over the channels at most `radius` away. */
function channelWindowSum(x: Handle, shape: readonly number[], radius: number): Handle {
  const channels = shape.at(-1) as number;
  const width = 2 * radius + 1;
  const averages = averagePool(reshape(x, [-1, 1, channels]), [width], [1], [radius]);
  return multiplyScalarInPlace(reshape(averages, shape), width);
}
