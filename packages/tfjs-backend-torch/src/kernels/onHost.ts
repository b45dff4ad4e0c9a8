import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  type BackendValues,
  type DataId,
  type DataType,
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { defineKernel, type KernelCall } from './defineKernel.js';

/** tfjs's own backend in JavaScript, apart from the one that the engine knows, for one kernel's call. */
class HostBackend extends MathBackendCPU {
  /** Without the advice to install another backend, which tfjs's version logs. */
  override write(values: BackendValues, _shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.data.set(dataId, { values, dtype, refCount: 1 });
    return dataId;
  }
}

/** What a kernel takes: tensors, or lists of them, by name, or a list of tensors. */
type Inputs =
  Readonly<Record<string, TensorInfo | readonly TensorInfo[] | undefined>> | readonly TensorInfo[];

/** Runs tfjs's JavaScript kernel of this name on the values of the inputs, and stores its results here. */
function runOnHost(
  kernelName: string,
  inputs: Inputs,
  attrs: object,
  backend: TorchBackend,
): TensorInfo | TensorInfo[] {
  const host = new HostBackend();
  const { kernelFunc } = getKernel(kernelName, 'cpu');
  // Some of tfjs's kernels rely on getting whole tensors, which tell their rank.
  const moved = ({ dataId, shape, dtype }: TensorInfo): TensorInfo & { rank: number } => ({
    dataId: host.write(backend.readSync(dataId), shape, dtype),
    shape,
    dtype,
    rank: shape.length,
  });
  const movedValue = (value: TensorInfo | readonly TensorInfo[] | undefined): unknown =>
    isList(value) ? value.map(moved) : value && moved(value);
  const movedInputs = isList(inputs)
    ? inputs.map(moved)
    : Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, movedValue(value)]));
  const result = kernelFunc({
    inputs: movedInputs as unknown as NamedTensorInfoMap,
    attrs: attrs as NamedAttrMap,
    backend: host,
  });
  const stored = ({ dataId, shape, dtype }: TensorInfo): TensorInfo =>
    backend.outputValues(host.readSync(dataId), shape, dtype);
  return isList(result) ? result.map(stored) : stored(result);
}

/**
 * Registers a kernel that always runs in JavaScript: for rare ones that libtorch has no counterpart of.
 *
 * @param requireValid Refuses attributes that tfjs's kernel does not check.
 */
export function defineHostKernel(kernelName: string, requireValid?: (attrs: object) => void): void {
  defineKernel<Record<string, TensorInfo>, object>(kernelName, ({ inputs, attrs, backend }) => {
    requireValid?.(attrs);
    return runOnHost(kernelName, inputs, attrs, backend);
  });
}

/** Registers a kernel that only moves values: strings, which libtorch lacks, are moved in JavaScript. */
export function defineMovingKernel<KernelInputs extends object, Attributes extends object>(
  kernelName: string,
  body: (call: KernelCall<KernelInputs, Attributes>) => TensorInfo | TensorInfo[],
): void {
  defineKernel<KernelInputs, Attributes>(kernelName, (call) => {
    const inputs = call.inputs as unknown as Inputs;
    const hasStrings = Object.values(inputs)
      .flat()
      .some((info) => info?.dtype === 'string');
    return hasStrings ? runOnHost(kernelName, inputs, call.attrs, call.backend) : body(call);
  });
}

function isList(value: unknown): value is readonly TensorInfo[] {
  return Array.isArray(value);
}
