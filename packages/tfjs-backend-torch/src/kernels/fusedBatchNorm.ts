import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const trainingOnCpu = listOperator('protocl::batch_norm_training');
const trainingGradOnCpu = listOperator('protocl::batch_norm_training_backward');
const inferenceOnCpu = operator('protocl::batch_norm_inference');
const trainingElsewhere = listOperator('protocl::batch_norm_training_by_libtorch');
const trainingGradElsewhere = listOperator('protocl::batch_norm_training_backward_by_libtorch');
const inferenceElsewhere = operator('protocl::batch_norm_inference_by_libtorch');

type Activation = 'linear' | 'relu';

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
  const normalize = backend.device === 'cpu' ? trainingOnCpu : trainingElsewhere;
  const relu = attrs.activation === 'relu';
  return normalize(x, scale, offset, residual, attrs.epsilon, relu).map((handle) => backend.output(handle));
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
    const differentiate = backend.device === 'cpu' ? trainingGradOnCpu : trainingGradElsewhere;
    const gradients = differentiate(dy, x, relu ? y : null, ...statistics, relu, attrs.hasResidual);
    return outputGradients(backend, gradients.slice(0, 3), gradients[3] as Handle, inputs.dy, attrs);
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
  const normalize = backend.device === 'cpu' ? inferenceOnCpu : inferenceElsewhere;
  return backend.output(normalize(x, ...parameters, residual, attrs.epsilon, relu));
});

type Triple = [Handle, Handle, Handle];

/** What the addon gives for a tensor that was not computed. */
const undefinedHandle = -1 as Handle;

function optionalHandle(backend: TorchBackend, info: TensorInfo | undefined): Handle | null {
  return info == null ? null : backend.handle(info);
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
