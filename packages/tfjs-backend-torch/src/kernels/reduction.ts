import {
  All,
  type AllAttrs,
  type AllInputs,
  Any,
  ArgMax,
  type ArgMaxAttrs,
  type ArgMaxInputs,
  ArgMin,
  backend_util,
  type DataType,
  Max,
  type MaxAttrs,
  type MaxInputs,
  Mean,
  type MeanAttrs,
  type MeanInputs,
  Min,
  type MinAttrs,
  type MinInputs,
  Prod,
  type ProdAttrs,
  type ProdInputs,
  Sum,
  type SumAttrs,
  type SumInputs,
  type TensorInfo,
  upcastType,
  util,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const sum = operator('aten::sum', 'dim_IntList');
const mean = operator('aten::mean', 'dim');
const amax = operator('aten::amax');
const amin = operator('aten::amin');
const productAlong = operator('aten::prod', 'dim_int');
const allAlong = operator('aten::all', 'dim');
const anyAlong = operator('aten::any', 'dim');
const argmax = operator('aten::argmax');
const argmin = operator('aten::argmin');
const toType = operator('aten::to', 'dtype');
const replaceNaN = operator('aten::nan_to_num');
const full = operator('aten::full');

/** What libtorch reduces over no axis at all it would reduce over all axes. */
const noAxes = (axes: readonly number[]): boolean => axes.length === 0;

defineKernel<SumInputs, SumAttrs>(Sum, ({ inputs: { x }, attrs, backend }) => {
  const dtype = upcastType(x.dtype, 'int32');
  const axes = util.parseAxisParam(attrs.axis, x.shape);
  if (noAxes(axes)) return backend.output(toType(backend.handle(x), dtype));
  return backend.output(sum(backend.handle(x), axes, attrs.keepDims, dtype));
});

defineKernel<MeanInputs, MeanAttrs>(Mean, ({ inputs: { x }, attrs, backend }) => {
  const axes = util.parseAxisParam(attrs.axis, x.shape);
  if (noAxes(axes)) return backend.output(toType(backend.handle(x), 'float32'));
  return backend.output(mean(backend.handle(x), axes, attrs.keepDims, 'float32'));
});

defineKernel<MaxInputs, MaxAttrs>(Max, ({ inputs, attrs, backend }) =>
  extremum(amax, -1, inputs.x, attrs.reductionIndices, attrs.keepDims, backend),
);

defineKernel<MinInputs, MinAttrs>(Min, ({ inputs, attrs, backend }) =>
  extremum(amin, 1, inputs.x, attrs.axis, attrs.keepDims, backend),
);

/** @param side Of what the extremum of nothing is: -1 for the least value of a type, 1 for the largest. */
function extremum(
  reduce: typeof amax,
  side: -1 | 1,
  x: TensorInfo,
  axis: number | number[],
  keepDims: boolean,
  backend: TorchBackend,
): TensorInfo {
  const axes = util.parseAxisParam(axis, x.shape);
  if (noAxes(axes)) return backend.share(x);
  if (axes.every((each) => x.shape[each] !== 0)) {
    return backend.output(reduce(backend.handle(x), axes, keepDims));
  }
  const [shape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const kept = keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape;
  return backend.output(full(kept, limitOf(x.dtype, side), x.dtype, undefined, backend.device));
}

function limitOf(dtype: DataType, side: -1 | 1): number | boolean {
  switch (dtype) {
    case 'bool':
      return side === 1;
    case 'int32':
      return side === 1 ? 2 ** 31 - 1 : -(2 ** 31);
    default:
      return side * Infinity;
  }
}

/** Reduces by an operator that knows one axis only: the last axis first, so that the others keep their numbers. */
function alongEach(
  x: Handle,
  axes: readonly number[],
  reduceAlong: (x: Handle, axis: number) => Handle,
): Handle {
  return axes.toSorted((a, b) => b - a).reduce(reduceAlong, x);
}

defineKernel<ProdInputs, ProdAttrs>(Prod, ({ inputs: { x }, attrs, backend }) => {
  const dtype: DataType = upcastType(x.dtype, 'int32');
  const axes = util.parseAxisParam(attrs.axis, x.shape);
  const converted = toType(backend.handle(x), dtype);
  return backend.output(
    alongEach(converted, axes, (y, axis) => productAlong(y, axis, attrs.keepDims, dtype)),
  );
});

for (const [kernelName, along] of [
  [All, allAlong],
  [Any, anyAlong],
] as const) {
  defineKernel<AllInputs, AllAttrs>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const axes = util.parseAxisParam(attrs.axis, x.shape);
    if (noAxes(axes)) return backend.share(x);
    return backend.output(alongEach(backend.handle(x), axes, (y, axis) => along(y, axis, attrs.keepDims)));
  });
}

for (const [kernelName, argument, worst] of [
  [ArgMax, argmax, Number.NEGATIVE_INFINITY],
  [ArgMin, argmin, Number.POSITIVE_INFINITY],
] as const) {
  defineKernel<ArgMaxInputs, ArgMaxAttrs>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const [axis] = util.parseAxisParam(attrs.axis, x.shape) as [number];
    const places = argument(comparable(backend.handle(x), x.dtype, worst), axis, false);
    return backend.output(places, 'int32', { least: 0, most: (x.shape[axis] as number) - 1 });
  });
}

/** tfjs passes over NaN, which libtorch takes for the extremum. */
function comparable(x: Handle, dtype: DataType, worst: number): Handle {
  switch (dtype) {
    case 'float32':
      return replaceNaN(x, worst, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    case 'bool':
      return toType(x, 'uint8');
    default:
      return x;
  }
}
