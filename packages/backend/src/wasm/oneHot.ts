import { add, cast, mul, oneHot, tidy } from '@tensorflow/tfjs-core';
import type { DataType, KernelFunc, Tensor } from '@tensorflow/tfjs-core';

import { ownKernel } from './replaceKernel.js';

/**
 * One-hot rows of any dtype.
 *
 * The kernel that wasm has writes integers whatever dtype it is asked for: read as float32 they are
 * nearly zero.
 */
export function oneHotOfDtype(original: KernelFunc | undefined): KernelFunc {
  return (call) => {
    const attributes = call.attrs as unknown as {
      depth: number;
      onValue: number;
      offValue: number;
      dtype?: DataType;
    };
    const { depth, onValue, offValue, dtype = 'int32' } = attributes;
    if (dtype === 'int32') return ownKernel(original, call);
    return tidy(() => {
      const isOn = cast(oneHot(call.inputs['indices'] as Tensor, depth, 1, 0, 'int32'), 'float32');
      return cast(add(mul(isOn, onValue - offValue), offValue), dtype);
    });
  };
}
