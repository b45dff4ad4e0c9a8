import type { DataType, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';

/** What the kernels that work on wasm's memory directly use of its backend. */
export interface WasmHeap {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): TypedArray;
}

/**
 * The values of each tensor where they lie in wasm's memory: good until the next allocation.
 *
 * Take them after the output has been made, since making it may move the memory.
 */
export function viewsOf<Tensors extends readonly TensorInfo[]>(
  heap: WasmHeap,
  ...tensors: Tensors
): { [Index in keyof Tensors]: TypedArray } {
  // A tensor of another backend is copied here when it is first looked at, and that allocates too.
  tensors.forEach((tensor) => heap.typedArrayFromHeap(tensor));
  return tensors.map((tensor) => heap.typedArrayFromHeap(tensor)) as { [Index in keyof Tensors]: TypedArray };
}
