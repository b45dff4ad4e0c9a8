import { randomStream, writeFileAtomic } from '@protocl/core';

/**
 * Writes points as an encoder gives them: of length 1, and with a variance that falls from dimension to dimension.
 *
 * @param path of the file, float32, row-major
 */
export async function writePoints(path: string, n: number, dimension: number): Promise<void> {
  const values = randomStream({ seed: 1, purpose: 'bench: points' }).normal(n * dimension);
  for (let row = 0; row < n; row++) {
    const point = values.subarray(row * dimension, (row + 1) * dimension);
    let squares = 0;
    for (let d = 0; d < dimension; d++) squares += (point[d]! /= Math.sqrt(1 + d)) ** 2;
    for (let d = 0; d < dimension; d++) point[d]! /= Math.sqrt(squares);
  }
  await writeFileAtomic(path, new Uint8Array(values.buffer));
}
