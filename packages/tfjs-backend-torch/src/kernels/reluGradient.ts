import {
  engine,
  getKernel,
  type GradConfig,
  mul,
  registerGradient,
  Relu,
  step,
  type Tensor,
  type TensorInfo,
  zerosLike,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const reluGrad = 'ReluGrad';
const thresholdBackward = operator('aten::threshold_backward');

interface ReluGradInputs {
  dy: TensorInfo;
  y: TensorInfo;
}

defineKernel<ReluGradInputs, object>(reluGrad, ({ inputs, backend }) =>
  backend.output(thresholdBackward(backend.handle(inputs.dy), backend.handle(inputs.y), 0)),
);

// tfjs differentiates ReLU by a step function and a product, and keeps x for it. One pass over y does the same, and
// y is kept anyway where a convolution follows. The registry is global, so other backends get the composed form.
const reluGradient: GradConfig = {
  kernelName: Relu,
  outputsToSave: [true],
  gradFunc: (dy, saved) => {
    const [y] = saved as [Tensor];
    const gradient = dy as Tensor;
    return {
      x: () =>
        getKernel(reluGrad, engine().backendName) === undefined
          ? mul(gradient, step(y))
          : engine().runKernel<Tensor>(reluGrad, { dy: gradient, y }),
    };
  },
};
registerGradient(reluGradient);

// The mask does not change under a small change of y, so the second derivative is the mask again.
registerGradient({
  kernelName: reluGrad,
  inputsToSave: ['y'],
  gradFunc: (ddx, saved) => {
    const [y] = saved as [Tensor];
    return {
      dy: () => engine().runKernel<Tensor>(reluGrad, { dy: ddx as Tensor, y }),
      y: () => zerosLike(y),
    };
  },
});
