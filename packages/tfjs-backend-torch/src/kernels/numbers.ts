import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';

const toType = operator('aten::to', 'dtype');

/** The tensor of a kernel's input to compute with: truth values, which libtorch refuses to, as 0 and 1. */
export function numbers(x: TensorInfo, backend: TorchBackend): Handle {
  const handle = backend.handle(x);
  return x.dtype === 'bool' ? toType(handle, 'int32') : handle;
}
