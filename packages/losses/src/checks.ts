import type { Tensor } from '@tensorflow/tfjs-core';

import { lossError } from './errors.js';

/** Requires float32 rows [rows, columns]; `undefined` stands for any size of at least 1. */
export function requireMatrix(
  loss: string,
  name: string,
  tensor: Tensor,
  rows: number | undefined,
  columns: number | undefined,
): void {
  requireFloat(loss, name, tensor);
  const fits = (size: number | undefined, wanted: number | undefined) =>
    wanted === undefined ? size !== undefined && size >= 1 : size === wanted;
  if (tensor.rank === 2 && fits(tensor.shape[0], rows) && fits(tensor.shape[1], columns)) return;
  const show = (size: number | undefined) => size ?? 'at least 1';
  throw lossError('INVALID_SHAPE', {
    message: `${loss} cannot use ${name} of this shape`,
    given: tensor.shape,
    expected: `[${show(rows)}, ${show(columns)}]`,
  });
}

/** Requires a float32 vector of this length. */
export function requireVector(loss: string, name: string, tensor: Tensor, length: number): void {
  requireFloat(loss, name, tensor);
  if (tensor.rank === 1 && tensor.shape[0] === length) return;
  throw lossError('INVALID_SHAPE', {
    message: `${loss} cannot use ${name} of this shape`,
    given: tensor.shape,
    expected: `[${length}]`,
  });
}

/** Requires a temperature that can be divided by. */
export function requireTemperature(loss: string, temperature: number): void {
  // The reciprocal is what the loss computes with.
  if (temperature > 0 && Number.isFinite(temperature) && Number.isFinite(1 / temperature)) return;
  throw lossError('INVALID_OPTION', {
    message: `${loss} cannot use this temperature`,
    given: temperature,
    expected: 'a finite number above 0',
    remedy: 'Use a value such as 0.1 or 0.2',
  });
}

function requireFloat(loss: string, name: string, tensor: Tensor): void {
  if (tensor.dtype === 'float32') return;
  throw lossError('INVALID_DTYPE', {
    message: `${loss} computes in float32, and ${name} is of another dtype`,
    given: tensor.dtype,
    expected: 'float32',
    remedy: 'Cast it first: tf.cast(tensor, "float32")',
  });
}
