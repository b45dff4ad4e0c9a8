import { tidy } from '@tensorflow/tfjs-core';
import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

/** The tensors that a kernel is given, by name. */
export type KernelInputs = Readonly<Record<string, Tensor | undefined>>;

/** A fused op in terms of TensorFlow.js's own ops, for the backends that have no kernel of its name. */
export interface FusedKernel {
  readonly name: string;
  /** Runs in a tidy: whatever it does not return is disposed. */
  readonly compose: (inputs: KernelInputs, attributes: NamedAttrMap) => Tensor | Tensor[];
  /** The same on every backend. Missing where the op has none. */
  readonly gradient?: GradConfig;
}

/** Runs the composed form the way an engine calls a kernel. */
export function runComposed(
  kernel: FusedKernel,
  inputs: object,
  attributes: NamedAttrMap | undefined,
): Tensor | Tensor[] {
  return tidy(() => kernel.compose(inputs as KernelInputs, attributes ?? {}));
}

/** The input of that name, which the kernel's contract says there is. */
export function requiredInput(inputs: KernelInputs, name: string): Tensor {
  const tensor = inputs[name];
  if (tensor === undefined) throw new TypeError(`The kernel needs an input named ${name}.`);
  return tensor;
}
