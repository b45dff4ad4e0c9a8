import * as tf from '@tensorflow/tfjs-core';

/** Up to this width distances are summed from differences, which costs little there and keeps all digits. */
const NARROW = 4;

/** Squared Euclidean distances from some points to all. Its tensors are released by `dispose`. */
export interface SquaredDistances {
  /** float32 [count, n], from the rows `start` .. `start + count - 1`; for the caller to dispose. */
  rows(start: number, count: number): tf.Tensor2D;
  dispose(): void;
}

/**
 * Prepares the squared distances of points, which come in blocks of rows since all of them at once would be n².
 *
 * @param points float32 [n, D], stays the caller's and has to live as long as the result
 */
export function squaredDistances(points: tf.Tensor2D): SquaredDistances {
  return points.shape[1] <= NARROW ? fromDifferences(points) : fromProducts(points);
}

function fromDifferences(points: tf.Tensor2D): SquaredDistances {
  const [n, dimension] = points.shape;
  const columns = tf.tidy(() => tf.transpose(points));
  return {
    rows: (start, count) =>
      tf.tidy(() => {
        const own = tf.slice(points, [start, 0], [count, dimension]);
        const squares = Array.from({ length: dimension }, (_, d) =>
          tf.square<tf.Tensor2D>(
            tf.sub(tf.slice(own, [0, d], [count, 1]), tf.slice(columns, [d, 0], [1, n])),
          ),
        );
        return tf.addN(squares);
      }),
    dispose: () => columns.dispose(),
  };
}

/** By |a|² + |b|² - 2ab, around the mean so that a common offset takes no digits. */
function fromProducts(points: tf.Tensor2D): SquaredDistances {
  const dimension = points.shape[1];
  const { centred, squares, squaresRow } = tf.tidy(() => {
    const moved = tf.sub<tf.Tensor2D>(points, tf.mean(points, 0));
    const lengths = tf.sum<tf.Tensor2D>(tf.square(moved), 1, true);
    return { centred: moved, squares: lengths, squaresRow: tf.transpose(lengths) };
  });
  return {
    rows: (start, count) =>
      tf.tidy(() => {
        const own = tf.slice(centred, [start, 0], [count, dimension]);
        const products = tf.matMul(tf.mul<tf.Tensor2D>(own, -2), centred, false, true);
        const ownSquares = tf.slice(squares, [start, 0], [count, 1]);
        // Rounding makes the distance of equal points a little negative now and then.
        return tf.relu(tf.add(tf.add<tf.Tensor2D>(products, squaresRow), ownSquares));
      }),
    dispose: () => tf.dispose([centred, squares, squaresRow]),
  };
}
