import { Add, type BinaryInputs } from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const add = operator('aten::add', 'Tensor');

defineKernel<BinaryInputs, object>(Add, ({ inputs, backend }) =>
  backend.output(add(backend.handle(inputs.a), backend.handle(inputs.b)), inputs.a.dtype),
);
