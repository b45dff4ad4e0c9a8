import {
  backend,
  getBackend,
  getGradient,
  getKernel,
  registerGradient,
  registerKernel,
} from '@tensorflow/tfjs-core';

import { registerGradients } from './gradients/registerGradients.js';
import { runComposed } from './kernels/fusedKernel.js';
import { fusedKernels } from './kernels/fusedKernels.js';
import { completeWasm } from './wasm/completeWasm.js';

const completed = new Set<string>();

// Not only where a backend is completed: TensorFlow.js looks for a gradient as an op runs, and what a program
// does before the first of our ops is to be differentiated as well. A call, since bundlers would leave out an
// import for its effect alone.
registerGradients();

/**
 * Gives a TensorFlow.js backend what training needs and it does not have: the fused ops in composed
 * form, the gradients of TensorFlow.js's own kernels, and on wasm the kernels missing there.
 *
 * What a backend implements itself stays. `useBackend`, every op of this package and whatever
 * differentiates in the other packages call this, so it is only needed where a backend was started by
 * other means and trains with none of these. The gradients are registered as soon as this is imported.
 *
 * @param backendName the name TensorFlow.js knows the backend by; default the active one
 */
export function ensureKernels(backendName: string = activeBackend()): void {
  if (completed.has(backendName)) return;
  registerGradients();
  if (backendName === 'wasm') completeWasm();
  for (const kernel of fusedKernels) {
    const { name: kernelName, gradient } = kernel;
    if (gradient !== undefined && getGradient(kernelName) === undefined) registerGradient(gradient);
    if (getKernel(kernelName, backendName) !== undefined) continue;
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => runComposed(kernel, inputs, attrs),
    });
  }
  completed.add(backendName);
}

function activeBackend(): string {
  // Asking for the backend itself starts the best of those that are registered, if none runs yet.
  return getBackend() ?? (backend(), getBackend());
}
