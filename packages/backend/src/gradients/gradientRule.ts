import { broadcast_util, reshape, sum } from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';

/** The gradient of each named input of a kernel, computed only when it is asked for. */
type InputGradients = Record<string, () => Tensor>;

/** What a kernel needs to keep from its forward pass, and how its gradient follows from that. */
export interface GradientRule {
  /** Inputs to keep, by name; they come first among `saved`. */
  readonly inputs?: readonly string[];
  /** Every input is kept, in the order of the call. For kernels that take a list. */
  readonly allInputs?: boolean;
  /** Which outputs to keep; they follow the inputs among `saved`. */
  readonly outputs?: readonly boolean[];
  /** `dy` is the list of all outputs' gradients where the kernel has several outputs. */
  gradients(dy: Tensor, saved: readonly Tensor[], attributes: Attributes): InputGradients;
}

/** A kernel's attributes, as the TensorFlow.js op that calls it writes them. */
// The registry's own attribute type is a union that every reader would have to narrow by hand.
export type Attributes = Readonly<Record<string, unknown>>;

/** The configuration that TensorFlow.js's registry takes for `rule`. */
export function gradientConfig(kernelName: string, rule: GradientRule): GradConfig {
  return {
    kernelName,
    ...(rule.inputs && { inputsToSave: [...rule.inputs] }),
    ...(rule.allInputs && { saveAllInputs: true }),
    ...(rule.outputs && { outputsToSave: [...rule.outputs] }),
    gradFunc: (dy, saved, attributes) => rule.gradients(dy as Tensor, saved, attributes),
  };
}

/** Sums `gradient` over the axes along which an input of `shape` was broadcast. */
export function sumToShape(gradient: Tensor, shape: readonly number[]): Tensor {
  const axes = broadcast_util.getReductionAxes([...shape], gradient.shape);
  return reshape(axes.length === 0 ? gradient : sum(gradient, axes), [...shape]);
}

/** The saved tensor at `index`, which the kernel's rule says there is. */
export function savedTensor(saved: readonly Tensor[], index: number): Tensor {
  const tensor = saved[index];
  if (tensor === undefined)
    throw new RangeError(`A gradient rule reads tensor ${index} of ${saved.length} saved.`);
  return tensor;
}
