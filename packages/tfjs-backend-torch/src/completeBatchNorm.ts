import { engine, fill, FusedBatchNorm, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core';

/** How deep tfjs's engine is in differentiations and in kernels, which its types keep private. */
interface Depths {
  state: { gradientDepth: number; kernelDepth: number };
}

let installed = false;

/**
 * Gives a batch norm without scale or offset ones and zeros for them, where it is to be differentiated: tfjs hands such
 * inputs on as undefined, which its kernels take, but neither its tape nor its list of tensors to keep.
 */
export function completeBatchNorm(): void {
  if (installed) return;
  installed = true;
  const tfjs = engine();
  const isRecorded = (): boolean => {
    const { gradientDepth, kernelDepth } = (tfjs as unknown as Depths).state;
    return gradientDepth > 0 && kernelDepth === 0;
  };
  const original = tfjs.runKernel.bind(tfjs);
  const completing: typeof original = (kernelName, inputs, attrs) =>
    original(kernelName, kernelName === FusedBatchNorm && isRecorded() ? completed(inputs) : inputs, attrs);
  tfjs.runKernel = completing;
}

function completed(inputs: NamedTensorMap): NamedTensorMap {
  const { mean, scale, offset } = inputs as { mean: Tensor } & Partial<NamedTensorMap>;
  return { ...inputs, scale: scale ?? fill(mean.shape, 1), offset: offset ?? fill(mean.shape, 0) };
}
