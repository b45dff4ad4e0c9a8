import {
  LogSoftmax,
  type LogSoftmaxAttrs,
  type LogSoftmaxInputs,
  Softmax,
  type SoftmaxAttrs,
  type SoftmaxInputs,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const softmax = operator('aten::softmax', 'int');
const logSoftmax = operator('aten::log_softmax', 'int');

defineKernel<SoftmaxInputs, SoftmaxAttrs>(Softmax, ({ inputs, attrs, backend }) =>
  backend.output(softmax(backend.handle(inputs.logits), attrs.dim, 'float32')),
);

defineKernel<LogSoftmaxInputs, LogSoftmaxAttrs>(LogSoftmax, ({ inputs, attrs, backend }) =>
  backend.output(logSoftmax(backend.handle(inputs.logits), attrs.axis, 'float32')),
);
