import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const trainingOnCpu = listOperator('protocl::batch_norm_training');
const trainingGradOnCpu = listOperator('protocl::batch_norm_training_backward');
const inferenceOnCpu = operator('protocl::batch_norm_inference');
const nativeBatchNorm = listOperator('aten::native_batch_norm');
const nativeBatchNormBackward = listOperator('aten::native_batch_norm_backward');
const movedim = operator('aten::movedim', 'int');
const add_ = operator('aten::add_', 'Tensor');
const relu_ = operator('aten::relu_');
const thresholdBackward = operator('aten::threshold_backward');
const pow = operator('aten::pow', 'Tensor_Scalar');
const addScalar_ = operator('aten::add_', 'Scalar');
const clampMin_ = operator('aten::clamp_min_');
const contiguous = operator('aten::contiguous');

type Activation = 'linear' | 'relu';
/** The momentum of running statistics, which are not kept here. */
const unused = 0;

interface TrainingInputs {
  x: TensorInfo;
  scale: TensorInfo;
  offset: TensorInfo;
  residual?: TensorInfo;
}

interface TrainingAttributes {
  epsilon: number;
  activation: Activation;
}

defineKernel<TrainingInputs, TrainingAttributes>('FusedBatchNormTraining', ({ inputs, attrs, backend }) => {
  const [x, scale, offset] = [inputs.x, inputs.scale, inputs.offset].map((info) =>
    backend.handle(info),
  ) as Triple;
  const residual = optionalHandle(backend, inputs.residual);
  const relu = attrs.activation === 'relu';
  if (backend.device === 'cpu') {
    return trainingOnCpu(x, scale, offset, residual, attrs.epsilon, relu).map((handle) =>
      backend.output(handle),
    );
  }
  const [normalized, mean, inverse] = nativeBatchNorm(
    channelsSecond(x),
    scale,
    offset,
    null,
    null,
    true,
    unused,
    attrs.epsilon,
  ) as Triple;
  const variance = clampMin_(addScalar_(pow(inverse, -2), -attrs.epsilon), 0);
  const y = activated(channelsLast(normalized), residual, relu);
  return [y, mean, variance, inverse].map((handle) => backend.output(handle));
});

interface TrainingGradInputs {
  dy: TensorInfo;
  x: TensorInfo;
  y?: TensorInfo;
  scale: TensorInfo;
  mean: TensorInfo;
  inverseStandardDeviation: TensorInfo;
}

interface TrainingGradAttributes {
  activation: Activation;
  hasResidual: boolean;
}

defineKernel<TrainingGradInputs, TrainingGradAttributes>(
  'FusedBatchNormTrainingGrad',
  ({ inputs, attrs, backend }) => {
    const dy = backend.handle(inputs.dy);
    const x = backend.handle(inputs.x);
    const y = optionalHandle(backend, inputs.y);
    const statistics = [inputs.scale, inputs.mean, inputs.inverseStandardDeviation].map((info) =>
      backend.handle(info),
    ) as Triple;
    const relu = attrs.activation === 'relu';
    if (backend.device === 'cpu') {
      const gradients = trainingGradOnCpu(dy, x, relu ? y : null, ...statistics, relu, attrs.hasResidual);
      return outputGradients(backend, gradients.slice(0, 3), gradients[3] as Handle, inputs.dy, attrs);
    }
    const masked = relu ? thresholdBackward(dy, y, 0) : dy;
    const [scale, mean, inverse] = statistics;
    const [dx, dscale, doffset] = nativeBatchNormBackward(
      channelsSecond(masked),
      channelsSecond(x),
      scale,
      null,
      null,
      mean,
      inverse,
      true,
      unused,
      [true, true, true],
    ) as Triple;
    const residualGradient = relu && attrs.hasResidual ? masked : undefinedHandle;
    return outputGradients(backend, [channelsLast(dx), dscale, doffset], residualGradient, inputs.dy, attrs);
  },
);

interface InferenceInputs extends TrainingInputs {
  mean: TensorInfo;
  variance: TensorInfo;
}

defineKernel<InferenceInputs, TrainingAttributes>('FusedBatchNormInference', ({ inputs, attrs, backend }) => {
  const x = backend.handle(inputs.x);
  const parameters = [inputs.scale, inputs.offset, inputs.mean, inputs.variance].map((info) =>
    backend.handle(info),
  );
  const residual = optionalHandle(backend, inputs.residual);
  const relu = attrs.activation === 'relu';
  if (backend.device === 'cpu') {
    return backend.output(inferenceOnCpu(x, ...parameters, residual, attrs.epsilon, relu));
  }
  const [normalized] = nativeBatchNorm(
    channelsSecond(x),
    ...parameters,
    false,
    unused,
    attrs.epsilon,
  ) as Triple;
  return backend.output(activated(channelsLast(normalized), residual, relu));
});

type Triple = [Handle, Handle, Handle];

/** What the addon gives for a tensor that was not computed. */
const undefinedHandle = -1 as Handle;

function optionalHandle(backend: TorchBackend, info: TensorInfo | undefined): Handle | null {
  return info == null ? null : backend.handle(info);
}

function channelsSecond(handle: Handle): Handle {
  return shapeOf(handle).length > 2 ? movedim(handle, -1, 1) : handle;
}

function channelsLast(handle: Handle): Handle {
  return shapeOf(handle).length > 2 ? contiguous(movedim(handle, 1, -1)) : handle;
}

/** Adds the residual and applies the activation in place, on a tensor that only the kernel holds. */
function activated(y: Handle, residual: Handle | null, relu: boolean): Handle {
  const sum = residual === null ? y : add_(y, residual);
  return relu ? relu_(sum) : sum;
}

/** Without an activation the residual's gradient is dy itself. */
function outputGradients(
  backend: TorchBackend,
  gradients: readonly Handle[],
  residualGradient: Handle,
  dy: TensorInfo,
  attrs: TrainingGradAttributes,
): TensorInfo[] {
  const outputs = gradients.map((handle) => backend.output(handle));
  if (!attrs.hasResidual) return outputs;
  return [
    ...outputs,
    residualGradient === undefinedHandle ? backend.share(dy) : backend.output(residualGradient),
  ];
}
