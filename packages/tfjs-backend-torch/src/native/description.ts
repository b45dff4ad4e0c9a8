import { addon, description, type Handle } from './addon.js';

/** The data types that libtorch's results can have here. */
export type NativeDataType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool' | 'complex64';

/** libtorch's numbers for its data types (c10/core/ScalarType.h). */
const dataTypes: Readonly<Record<number, NativeDataType>> = {
  0: 'uint8',
  3: 'int32',
  4: 'int64',
  6: 'float32',
  7: 'float64',
  9: 'complex64',
  11: 'bool',
};

/** The tensor that `description` is of now; none before the first. */
let described: Handle | undefined;

/** Notes that the addon has just written a tensor's description, as it does when an operator returns one. */
export function noteDescription(handle: Handle): void {
  described = handle;
}

/** Must be called when a handle is released or gets another tensor: its number may soon name something else. */
export function forgetDescription(handle: Handle): void {
  if (described === handle) described = undefined;
}

/** The data type of a tensor. */
export function dataTypeOf(handle: Handle): NativeDataType {
  describe(handle);
  const type = dataTypes[description[0] as number];
  if (type === undefined)
    throw new Error(`libtorch's data type ${description[0]} has no counterpart in tfjs.`);
  return type;
}

/** The shape of a tensor. */
export function shapeOf(handle: Handle): number[] {
  describe(handle);
  return numbers(2, description[1] as number);
}

/** The strides of a tensor, in elements. */
export function stridesOf(handle: Handle): number[] {
  describe(handle);
  const rank = description[1] as number;
  return numbers(2 + rank, rank);
}

function describe(handle: Handle): void {
  if (described === handle) return;
  addon().describe(handle);
  described = handle;
}

/** A part of the description as an array; copied by hand, as a typed array's own methods take far longer to do it. */
function numbers(from: number, count: number): number[] {
  const result: number[] = [];
  for (let i = from; i < from + count; i++) result.push(description[i] as number);
  return result;
}
