import { Select, type SelectInputs, upcastType } from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const where = operator('aten::where', 'self');
const reshape = operator('aten::reshape');

defineKernel<SelectInputs, object>(Select, ({ inputs: { condition, t, e }, backend }) => {
  const [mask, chosen, other] = [backend.handle(condition), backend.handle(t), backend.handle(e)];
  const rank = t.shape.length;
  // A condition of one axis chooses whole rows.
  const rows = condition.shape.length === 1 && rank > 1;
  const aligned = rows ? reshape(mask, [...condition.shape, ...new Array<number>(rank - 1).fill(1)]) : mask;
  return backend.output(where(aligned, chosen, other), upcastType(t.dtype, e.dtype));
});
