import { engine } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

import { ensureKernels } from '../ensureKernels.js';

/** Runs a fused op on the active backend: natively where that has it, composed where it does not. */
export function runFusedKernel(
  kernelName: string,
  inputs: Record<string, Tensor>,
  attributes: Record<string, unknown>,
): Tensor | Tensor[] {
  ensureKernels();
  return engine().runKernel(kernelName, inputs, attributes as unknown as NamedAttrMap);
}
