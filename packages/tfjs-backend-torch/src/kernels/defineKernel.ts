import { type KernelFunc, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';

/** What a kernel gets: its inputs and attributes by name, and the backend. */
export interface KernelCall<Inputs, Attributes> {
  readonly inputs: { readonly [Name in keyof Inputs]: NonNullable<Inputs[Name]> };
  readonly attrs: Attributes;
  readonly backend: TorchBackend;
}

/**
 * Registers a kernel for the torch backend. Handles that its body makes are released when it returns, unless
 * `backend.output` gave them to a tensor; its errors name the kernel, the shapes of its inputs and its attributes.
 */
export function defineKernel<Inputs extends object, Attributes extends object>(
  kernelName: string,
  body: (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[],
): void {
  const kernelFunc = (call: KernelCall<Inputs, Attributes>): TensorInfo | TensorInfo[] =>
    call.backend.run(
      kernelName,
      call.inputs as unknown as Record<string, TensorInfo | undefined>,
      call.attrs,
      () => body(call),
    );
  registerKernel({ kernelName, backendName: 'torch', kernelFunc: kernelFunc as unknown as KernelFunc });
}
