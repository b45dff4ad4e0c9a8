import {
  Cumprod,
  Cumsum,
  type CumsumAttrs,
  type CumsumInputs,
  upcastType,
  util,
} from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const cumsum = operator('aten::cumsum');
const cumprod = operator('aten::cumprod');
const flip = operator('aten::flip');
const pad = operator('aten::constant_pad_nd');

for (const [kernelName, accumulate, neutral] of [
  [Cumsum, cumsum, 0],
  [Cumprod, cumprod, 1],
] as const) {
  defineKernel<CumsumInputs, CumsumAttrs>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const [axis] = util.parseAxisParam(attrs.axis, x.shape) as [number];
    const inDirection = (handle: Handle): Handle => (attrs.reverse ? flip(handle, [axis]) : handle);
    const accumulated = accumulate(inDirection(backend.handle(x)), axis, upcastType(x.dtype, 'int32'));
    const excluding =
      attrs.exclusive && util.sizeFromShape(x.shape) > 0
        ? shifted(accumulated, x.shape.length - 1 - axis, neutral)
        : accumulated;
    return backend.output(inDirection(excluding));
  });
}

/** Moves all values on by one along an axis, counted from the last: `value` comes in, the last one drops out. */
function shifted(x: Handle, axisFromLast: number, value: number): Handle {
  return pad(x, [...new Array<number>(2 * axisFromLast).fill(0), 1, -1], value);
}
