import type { Tensor } from '@tensorflow/tfjs-core';

import { backendError } from '../errors.js';

/** Requires a float32 tensor. */
export function requireFloat(op: string, name: string, tensor: Tensor): void {
  if (tensor.dtype === 'float32') return;
  throw backendError('INVALID_DTYPE', {
    message: `${op} computes in float32, and ${name} is of another dtype`,
    given: tensor.dtype,
    expected: 'float32',
    remedy: 'Cast it first: tf.cast(tensor, "float32")',
  });
}

/** Requires a float32 tensor of exactly this shape. */
export function requireShape(op: string, name: string, tensor: Tensor, shape: readonly number[]): void {
  requireFloat(op, name, tensor);
  if (tensor.shape.length === shape.length && shape.every((size, axis) => size === tensor.shape[axis]))
    return;
  throw backendError('INVALID_SHAPE', {
    message: `${op} cannot use ${name} with these shapes`,
    given: tensor.shape,
    expected: `[${shape.join(', ')}]`,
  });
}

/** Requires a finite number of at least `least`. */
export function requireNumber(op: string, name: string, value: number, least = -Infinity): void {
  if (Number.isFinite(value) && value >= least) return;
  throw backendError('INVALID_OPTION', {
    message: `${op} cannot use this ${name}`,
    given: value,
    expected: least === -Infinity ? 'a finite number' : `a finite number of at least ${least}`,
  });
}

/** Requires lists that go together element by element. */
export function requireSameLength(op: string, lists: Readonly<Record<string, readonly unknown[]>>): void {
  const lengths = Object.entries(lists).map(([name, list]) => `${name}: ${list.length}`);
  const distinct = new Set(Object.values(lists).map((list) => list.length));
  if (distinct.size <= 1) return;
  throw backendError('INVALID_SHAPE', {
    message: `${op} takes its lists element by element, and they differ in length`,
    given: lengths.join(', '),
    expected: 'one length for all',
  });
}
