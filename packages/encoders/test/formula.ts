import type { TensorState } from '@protocl/encoders';

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
  const data = new Float32Array(values.length);
  const bound = sqrt(6 / product(shape.slice(1)));
  for (let index = 0; index < data.length; index++) {
    const value = values[index]!;
    if (name.endsWith('running_var')) data[index] = 1 + 0.5 * value;
    else if (shape.length > 1) data[index] = value * bound;
    else if (name.endsWith('weight')) data[index] = 1 + 0.3 * value;
    else data[index] = 0.3 * value;
  }
  return { dtype: 'float32', shape, data };
}

/** Pixels [N, H, W, 3]. */
export function formulaPixels(shape: readonly number[]): Float32Array {
  return Float32Array.from(uniform('images', product(shape)), (value) => 1.7 * value);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
