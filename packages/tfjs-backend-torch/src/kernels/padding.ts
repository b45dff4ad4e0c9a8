import {
  MirrorPad,
  type MirrorPadAttrs,
  type MirrorPadInputs,
  PadV2,
  type PadV2Attrs,
  type PadV2Inputs,
  util,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineMovingKernel } from './onHost.js';

const padConstant = operator('aten::constant_pad_nd');
const indexSelect = operator('aten::index_select');
const full = operator('aten::full');

defineMovingKernel<PadV2Inputs, PadV2Attrs>(PadV2, ({ inputs: { x }, attrs, backend }) => {
  const { paddings, constantValue } = attrs;
  if (util.sizeFromShape(x.shape) === 0) {
    const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
    return backend.output(full(shape, constantValue, x.dtype, undefined, backend.device));
  }
  // libtorch's list goes from the last axis to the first.
  return backend.output(padConstant(backend.handle(x), [...paddings].reverse().flat(), constantValue));
});

defineMovingKernel<MirrorPadInputs, MirrorPadAttrs>(MirrorPad, ({ inputs: { x }, attrs, backend }) => {
  // The edge itself is repeated in symmetric mode only.
  const offset = attrs.mode === 'reflect' ? 0 : 1;
  let result = backend.handle(x);
  attrs.paddings.forEach(([before, after], axis) => {
    if (before === 0 && after === 0) return;
    const size = x.shape[axis] as number;
    const sources = Int32Array.from({ length: before + size + after }, (_, i) => {
      const position = i - before;
      if (position < 0) return -position - offset;
      return position < size ? position : 2 * (size - 1) - position + offset;
    });
    result = indexSelect(result, axis, backend.constant(sources, [sources.length], 'int32'));
  });
  return result === backend.handle(x) ? backend.share(x) : backend.output(result);
});
