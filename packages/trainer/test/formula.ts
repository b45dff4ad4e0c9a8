import type { TensorState } from '@protocl/trainer';

/** The formulas of tools/parity/formula.py, by which both languages make weights and images. */

// Looked up once: in a test's own context a global costs more than the arithmetic.
const { imul, sqrt } = Math;

function hashName(name: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) value = imul(value ^ byte, 0x01000193);
  return value >>> 0;
}

/** `size` values in -1 .. 1. */
export function uniform(name: string, size: number): Float64Array {
  const offset = hashName(name);
  const values = new Float64Array(size);
  for (let index = 0; index < size; index++) {
    let x = imul(index, 0x9e3779b9) + offset;
    x = imul(x ^ (x >>> 16), 0x85ebca6b);
    x = imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    values[index] = (x >>> 0) / 2 ** 31 - 1;
  }
  return values;
}

/** What a parameter or a running statistic is set to, in PyTorch's layout. */
export function formulaTensor(name: string, shape: readonly number[]): TensorState {
  const values = uniform(name, product(shape));
  const bound = sqrt(6 / product(shape.slice(1)));
  return float32(shape, (index) => {
    const value = values[index]!;
    if (name.endsWith('running_var')) return 1 + 0.5 * value;
    if (shape.length > 1) return value * bound;
    return name.endsWith('weight') ? 1 + 0.3 * value : 0.3 * value;
  });
}

/** Rows of length 1. */
export function formulaRows(name: string, [rows, dimension]: [number, number]): TensorState {
  const values = uniform(name, rows * dimension);
  const lengthOf = (row: number) =>
    sqrt(sumOfSquares(values.subarray(row * dimension, (row + 1) * dimension)));
  const lengths = Array.from({ length: rows }, (_, row) => lengthOf(row));
  return float32(
    [rows, dimension],
    (index) => values[index]! / lengths[(index - (index % dimension)) / dimension]!,
  );
}

/** A tensor of float32 values. */
export function float32(shape: readonly number[], valueOf: (index: number) => number): TensorState {
  return {
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: product(shape) }, (_, index) => valueOf(index)),
  };
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
