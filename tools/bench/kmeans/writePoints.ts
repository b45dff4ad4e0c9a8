import { readFile } from 'node:fs/promises';

import { randomStream, writeFileAtomic } from '@protocl/core';
import { decodeSafetensors } from '@protocl/encoders';

import { benchError } from '../harness/benchError.js';

/** What is clustered: rows of length 1, as in PCL's E-step. */
export interface Points {
  /** float32 [n, D]. */
  readonly values: Float32Array;
  readonly n: number;
  readonly dimension: number;
}

/** Points much as an encoder gives them: with a variance that falls from dimension to dimension. */
export function drawPoints(n: number, dimension: number): Points {
  const values = randomStream({ seed: 1, purpose: 'bench: points' }).normal(n * dimension);
  for (let at = 0; at < values.length; at++) values[at]! /= Math.sqrt(1 + (at % dimension));
  return normalized({ values, n, dimension });
}

/**
 * Features that an encoder did give, from a file of `protocl embed`.
 *
 * @throws {ProtoclError} `BENCH_USAGE` if the file holds none
 */
export async function readPoints(path: string): Promise<Points> {
  const features = decodeSafetensors(await readFile(path)).tensors['features'];
  const [n, dimension, ...more] = features?.shape ?? [];
  if (features?.data instanceof Float32Array && n && dimension && more.length === 0)
    return normalized({ values: Float32Array.from(features.data), n, dimension });
  throw benchError('BENCH_USAGE', {
    message: '--points names a file without features',
    given: path,
    expected: 'safetensors with a tensor "features", float32 [n, D]',
    remedy: 'Write one: npx protocl embed RUN --split train --out features.safetensors',
  });
}

/** Writes them for both sides: float32, row-major. */
export async function writePoints(path: string, { values }: Points): Promise<void> {
  await writeFileAtomic(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function normalized(points: Points): Points {
  const { values, n, dimension } = points;
  for (let row = 0; row < n; row++) {
    const point = values.subarray(row * dimension, (row + 1) * dimension);
    let squares = 0;
    for (const value of point) squares += value ** 2;
    // A point of zeros has no direction, and stays where it is.
    const length = Math.sqrt(squares) || 1;
    for (let d = 0; d < dimension; d++) point[d]! /= length;
  }
  return points;
}
