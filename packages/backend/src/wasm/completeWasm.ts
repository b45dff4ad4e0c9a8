import type { KernelFunc } from '@tensorflow/tfjs-core';

import { batchMatMul } from './batchMatMul.js';
import { conv2dPaddedExplicitly } from './conv2d.js';
import { conv2dBackpropFilter } from './conv2dBackpropFilter.js';
import { conv2dBackpropInput } from './conv2dBackpropInput.js';
import { identity } from './identity.js';
import { maxPoolGrad } from './maxPoolGrad.js';
import { oneHotOfDtype } from './oneHot.js';
import { replaceKernel } from './replaceKernel.js';
import { gather, unsortedSegmentSum } from './rows.js';

type Replacement = (original: KernelFunc | undefined) => KernelFunc;

/** Kernels that wasm lacks, without which nothing with a convolution or a gather can be trained. */
const missing: Readonly<Record<string, KernelFunc>> = {
  Conv2DBackpropFilter: conv2dBackpropFilter,
  UnsortedSegmentSum: unsortedSegmentSum,
};

/** Kernels that wasm has, but that are wrong for some inputs. */
const wrong: Readonly<Record<string, Replacement>> = {
  Conv2D: conv2dPaddedExplicitly,
  FusedConv2D: conv2dPaddedExplicitly,
  MaxPoolGrad: () => maxPoolGrad,
  OneHot: oneHotOfDtype,
};

/** Kernels that wasm has, but many times slower than it could be, or with more memory. */
const slow: Readonly<Record<string, Replacement>> = {
  BatchMatMul: batchMatMul,
  Conv2DBackpropInput: () => conv2dBackpropInput,
  GatherV2: gather,
  Identity: () => identity,
};

/**
 * Gives TensorFlow.js's wasm backend the kernels that training needs and it does not have, right
 * ones where its own are wrong, and faster ones where its own would take most of a training step.
 * Calling it again changes nothing.
 */
export function completeWasm(): void {
  for (const [kernelName, kernelFunc] of Object.entries(missing)) {
    replaceKernel(kernelName, 'wasm', (original) => original ?? kernelFunc);
  }
  for (const [kernelName, make] of Object.entries({ ...wrong, ...slow })) {
    replaceKernel(kernelName, 'wasm', make);
  }
}
