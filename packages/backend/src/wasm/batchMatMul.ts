import { concat, matMul, reshape, slice, tidy, transpose, util } from '@tensorflow/tfjs-core';
import type { KernelFunc, Tensor } from '@tensorflow/tfjs-core';

import { ownKernel } from './replaceKernel.js';

/** Products below this many multiplications are not worth the copies. */
const SMALLEST_WORTHWHILE = 2 ** 15;

/**
 * A matrix product that never leaves wasm's fast path.
 *
 * wasm multiplies two plain matrices at 17 GFLOP/s and everything else, transposed or batched, at
 * less than 2: so operands are transposed by copying, and batches are multiplied one by one.
 */
export function batchMatMul(original: KernelFunc | undefined): KernelFunc {
  return (call) => {
    const a = call.inputs['a'] as Tensor;
    const b = call.inputs['b'] as Tensor;
    const { transposeA, transposeB } = call.attrs as unknown as { transposeA: boolean; transposeB: boolean };
    const batchesOfA = util.sizeFromShape(a.shape.slice(0, -2));
    const batchesOfB = util.sizeFromShape(b.shape.slice(0, -2));
    const isPlain = !transposeA && !transposeB && batchesOfA === 1 && batchesOfB === 1;
    const [rows, inner] = lastTwo(a, transposeA);
    const [, columns] = lastTwo(b, transposeB);
    if (isPlain || rows * inner * columns < SMALLEST_WORTHWHILE) return ownKernel(original, call);
    const outerShape = a.rank >= b.rank ? broadcast(a.shape, b.shape) : broadcast(b.shape, a.shape);
    return tidy(() => {
      const aMatrices = matrices(a, transposeA, batchesOfA);
      const bMatrices = matrices(b, transposeB, batchesOfB);
      const products = Array.from({ length: Math.max(batchesOfA, batchesOfB) }, (_, batch) =>
        matMul(aMatrices(batch), bMatrices(batch)),
      );
      const joined = products.length === 1 ? (products[0] as Tensor) : concat(products, 0);
      return reshape(joined, [...outerShape, rows, columns]);
    });
  };
}

function lastTwo({ shape }: Tensor, isTransposed: boolean): [number, number] {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** The outer shape of the longer shape, where the other one's may be 1. */
function broadcast(longer: number[], shorter: number[]): number[] {
  const outer = longer.slice(0, -2);
  const other = shorter.slice(0, -2);
  const lead = outer.length - other.length;
  return outer.map((size, axis) => (axis < lead ? size : Math.max(size, other[axis - lead] ?? 1)));
}

/** Picks the matrix of one batch, transposed where asked; a single matrix serves every batch. */
function matrices(tensor: Tensor, isTransposed: boolean, batches: number): (batch: number) => Tensor {
  const [rows = 1, columns = 1] = tensor.shape.slice(-2);
  const flat = reshape(tensor, [batches * rows, columns]);
  const pick = (batch: number): Tensor => {
    const matrix = batches === 1 ? flat : slice(flat, [batch * rows, 0], [rows, columns]);
    return isTransposed ? transpose(matrix) : matrix;
  };
  if (batches > 1) return pick;
  const only = pick(0);
  return () => only;
}
