import * as tf from '@tensorflow/tfjs-core';

/** Values of a block of rows: 16 MiB of float32, of which a few are alive at a time. */
const BLOCK_VALUES = 2 ** 22;

/** A matrix of values that is computed in blocks of rows, each row with a column that is the row itself. */
export interface RowBlocks {
  /** [m], the column that each row leaves out. */
  readonly selves: Int32Array;
  /** Columns. */
  readonly columns: number;
  /** Gives the rows `start` .. `start + length - 1`, float32 [length, columns], for the caller to dispose. */
  readonly rows: (start: number, length: number) => tf.Tensor2D;
}

/** For each of m rows its `count` highest columns other than itself. */
export interface HighestOthers {
  /** [m · count], row by row, highest first. */
  readonly indices: Int32Array;
  /** [m · count], the values that belong to them. */
  readonly values: Float32Array;
}

/** The rows that are computed at a time so that memory stays bounded, whatever n is. */
export function rowsOfBlock(columns: number): number {
  return Math.max(1, Math.floor(BLOCK_VALUES / columns));
}

/**
 * Finds the highest values of each row, itself left out.
 *
 * @param count 1 .. columns - 1
 * @param signal ends it between two blocks, with the signal's reason
 */
export async function highestOthers(
  { selves, columns, rows }: RowBlocks,
  count: number,
  signal?: AbortSignal,
): Promise<HighestOthers> {
  const indices = new Int32Array(selves.length * count);
  const values = new Float32Array(selves.length * count);
  const height = rowsOfBlock(columns);
  for (let start = 0; start < selves.length; start += height) {
    signal?.throwIfAborted();
    const length = Math.min(height, selves.length - start);
    // One more than asked for, since the row itself is mostly among them.
    const top = tf.tidy(() => tf.topk(rows(start, length), count + 1, true));
    const [topIndices, topValues] = await Promise.all([top.indices.data(), top.values.data()]);
    tf.dispose([top.indices, top.values]);
    for (let row = start; row < start + length; row++) {
      let from = (row - start) * (count + 1);
      for (let to = row * count; to < (row + 1) * count; from++) {
        if (topIndices[from] === selves[row]) continue;
        indices[to] = topIndices[from]!;
        values[to] = topValues[from]!;
        to++;
      }
    }
  }
  return { indices, values };
}
