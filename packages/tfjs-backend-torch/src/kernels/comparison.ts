import {
  type BinaryInputs,
  Equal,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  NotEqual,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const comparisons: Readonly<Record<string, ReturnType<typeof operator>>> = {
  [Equal]: operator('aten::eq', 'Tensor'),
  [NotEqual]: operator('aten::ne', 'Tensor'),
  [Greater]: operator('aten::gt', 'Tensor'),
  [GreaterEqual]: operator('aten::ge', 'Tensor'),
  [Less]: operator('aten::lt', 'Tensor'),
  [LessEqual]: operator('aten::le', 'Tensor'),
  [LogicalAnd]: operator('aten::logical_and'),
  [LogicalOr]: operator('aten::logical_or'),
};

for (const [kernelName, compare] of Object.entries(comparisons)) {
  defineKernel<BinaryInputs, object>(kernelName, ({ inputs: { a, b }, backend }) => {
    const [first, second] =
      a.dtype === 'string' ? ranks(a, b, backend) : [backend.handle(a), backend.handle(b)];
    return backend.output(compare(first, second));
  });
}

/** Strings as numbers that compare as their bytes do, as libtorch has no strings. */
function ranks(a: TensorInfo, b: TensorInfo, backend: TorchBackend): [Handle, Handle] {
  const texts = (info: TensorInfo): string[] =>
    backend.strings(info).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const [first, second] = [texts(a), texts(b)];
  const rankOf = new Map([...new Set([...first, ...second])].sort().map((text, rank) => [text, rank]));
  const toRanks = (strings: string[], { shape }: TensorInfo): Handle =>
    backend.constant(
      Int32Array.from(strings, (text) => rankOf.get(text) as number),
      shape,
      'int32',
    );
  return [toRanks(first, a), toRanks(second, b)];
}
