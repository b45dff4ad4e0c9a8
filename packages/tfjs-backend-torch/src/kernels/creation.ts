import {
  Fill,
  type FillAttrs,
  LinSpace,
  type LinSpaceAttrs,
  OneHot,
  type OneHotAttrs,
  type OneHotInputs,
  OnesLike,
  type OnesLikeInputs,
  Range,
  type RangeAttrs,
  util,
  ZerosLike,
  type ZerosLikeInputs,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const full = operator('aten::full');
const onesLike = operator('aten::ones_like');
const zerosLike = operator('aten::zeros_like');
const arange = operator('aten::arange', 'start_step');
const linspace = operator('aten::linspace');
const unsqueeze = operator('aten::unsqueeze');
const equal = operator('aten::eq', 'Tensor');
const whereScalars = operator('aten::where', 'Scalar');

/** Stands for a tensor option that keeps its default. */
const preset = undefined;

defineKernel<object, FillAttrs>(Fill, ({ attrs: { shape, value, dtype }, backend }) => {
  if (typeof value === 'string') {
    return backend.outputStrings(
      new Array<Uint8Array>(util.sizeFromShape(shape)).fill(util.encodeString(value)),
      shape,
    );
  }
  return backend.output(full(shape, value, dtype ?? 'float32', preset, backend.device));
});

defineKernel<OnesLikeInputs, object>(OnesLike, ({ inputs, backend }) =>
  backend.output(onesLike(backend.handle(inputs.x))),
);

defineKernel<ZerosLikeInputs, object>(ZerosLike, ({ inputs, backend }) =>
  backend.output(zerosLike(backend.handle(inputs.x))),
);

defineKernel<object, RangeAttrs>(Range, ({ attrs: { start, stop, step, dtype }, backend }) => {
  // tfjs turns the step's preset round where it leads away from the end.
  const directed = stop < start && step === 1 ? -1 : step;
  const end = (stop - start) * directed > 0 ? stop : start;
  // Steps of less than 1 would become whole before they are added up.
  const type = Number.isInteger(directed) ? dtype : 'float32';
  return backend.output(arange(start, end, directed, type, preset, backend.device), dtype);
});

defineKernel<object, LinSpaceAttrs>(LinSpace, ({ attrs, backend }) =>
  backend.output(linspace(attrs.start, attrs.stop, attrs.num, 'float32', preset, backend.device)),
);

defineKernel<OneHotInputs, OneHotAttrs>(OneHot, ({ inputs, attrs, backend }) => {
  // A comparison with all classes: an index outside of them sets none.
  const classes = arange(0, attrs.depth, 1, 'int32', preset, backend.device);
  const hot = equal(unsqueeze(backend.handle(inputs.indices), -1), classes);
  return backend.output(whereScalars(hot, attrs.onValue, attrs.offValue), attrs.dtype);
});
