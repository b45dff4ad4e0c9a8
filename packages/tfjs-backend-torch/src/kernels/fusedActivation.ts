import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { TorchBackendError } from '../errors.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { prelu } from './activation.js';

const addInPlace = operator('aten::add_', 'Tensor');
const reluInPlace = operator('aten::relu_');
const clampInPlace = operator('aten::clamp_');
const eluInPlace = operator('aten::elu_');
const sigmoidInPlace = operator('aten::sigmoid_');
const leakyReluInPlace = operator('aten::leaky_relu_');
const reshape = operator('aten::reshape');

/** What the fused kernels do after their main operation. */
interface FusedEnd {
  activation: backend_util.Activation;
  leakyreluAlpha?: number;
}

/** Applies a fused kernel's activation to its own result, whose memory may be reused. */
export function activate(
  result: Handle,
  alpha: Handle | undefined,
  { activation, leakyreluAlpha }: FusedEnd,
): Handle {
  switch (activation ?? 'linear') {
    case 'linear':
      return result;
    case 'relu':
      return reluInPlace(result);
    case 'relu6':
      return clampInPlace(result, 0, 6);
    case 'elu':
      return eluInPlace(result);
    case 'sigmoid':
      return sigmoidInPlace(result);
    case 'leakyrelu':
      return leakyReluInPlace(result, leakyreluAlpha ?? 0.2);
    case 'prelu':
      if (alpha !== undefined) return prelu(result, alpha);
  }
  throw new TorchBackendError('INVALID_ARGUMENT', {
    message: `The fused activation '${activation}' ${activation === 'prelu' ? 'came without its weights' : 'is unknown'}.`,
    given: activation,
    expected: 'linear, relu, relu6, elu, sigmoid, leakyrelu, or prelu with weights',
  });
}

/** Adds a fused convolution's bias, where there still is one, and applies its activation. */
export function finishConvolution(
  result: Handle,
  bias: TensorInfo | undefined,
  preluWeights: TensorInfo | undefined,
  attrs: FusedEnd & { dataFormat: 'NHWC' | 'NCHW' },
  backend: TorchBackend,
): Handle {
  const aligned = (info: TensorInfo): Handle => {
    const handle = backend.handle(info);
    const channels = info.shape[0] as number;
    const first = attrs.dataFormat === 'NCHW' && info.shape.length === 1 && channels !== 1;
    return first ? reshape(handle, [channels, 1, 1]) : handle;
  };
  const biased = bias == null ? result : addInPlace(result, aligned(bias));
  return activate(biased, preluWeights == null ? undefined : aligned(preluWeights), attrs);
}
