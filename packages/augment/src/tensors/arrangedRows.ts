import * as tf from '@tensorflow/tfjs-core';

/** A batch whose images may stand in another order than they came in. */
export interface ArrangedRows {
  /** [N, ...] */
  readonly rows: tf.Tensor4D;
  /** The image that each row is. */
  readonly images: Int32Array;
}

/** What is done to some images of a batch. */
export interface Group {
  readonly images: readonly number[];
  /** Disposes nothing; what it makes on the way is disposed after it. */
  readonly change: (rows: tf.Tensor4D, images: readonly number[]) => tf.Tensor4D;
}

/**
 * Changes the groups of a batch, each in its own way. The rows then stand in the order of the groups:
 * to bring them back costs as much as a change itself, so that is left to {@link inOriginalOrder}.
 *
 * @param groups every image is in exactly one
 * @returns a new batch; the one given is disposed
 */
export function changeGroups({ rows, images }: ArrangedRows, groups: readonly Group[]): ArrangedRows {
  const rowOf = inverse(images);
  const present = groups.filter((group) => group.images.length > 0);
  const changed = present.map((group) =>
    tf.tidy(() => {
      const isAll = present.length === 1 && group.images.every((image, row) => images[row] === image);
      const own = isAll
        ? rows
        : rowsAt(
            rows,
            Int32Array.from(group.images, (image) => rowOf[image]!),
          );
      return group.change(own, group.images);
    }),
  );
  rows.dispose();
  return { rows: joined(changed), images: Int32Array.from(present.flatMap((group) => [...group.images])) };
}

/** The rows in the order that the images came in; the batch given is disposed. */
export function inOriginalOrder({ rows, images }: ArrangedRows): tf.Tensor4D {
  if (images.every((image, row) => image === row)) return rows;
  const restored = rowsAt(rows, inverse(images));
  rows.dispose();
  return restored;
}

/** A batch in its original order. */
export function arranged(rows: tf.Tensor4D): ArrangedRows {
  return { rows, images: Int32Array.from({ length: rows.shape[0] }, (_, i) => i) };
}

function rowsAt(rows: tf.Tensor4D, at: Int32Array): tf.Tensor4D {
  return tf.tidy(() => tf.gather(rows, tf.tensor1d(at, 'int32')));
}

function joined(parts: tf.Tensor4D[]): tf.Tensor4D {
  if (parts.length === 1) return parts[0]!;
  const whole = tf.concat(parts, 0);
  tf.dispose(parts);
  return whole;
}

function inverse(permutation: Int32Array): Int32Array {
  const inverted = new Int32Array(permutation.length);
  for (const [i, image] of permutation.entries()) inverted[image] = i;
  return inverted;
}
