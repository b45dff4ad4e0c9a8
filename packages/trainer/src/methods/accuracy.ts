import type { Prototypes } from '@protocl/losses';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Acc@Inst: the share of queries that are nearer to their own key than to any negative.
 *
 * @param query float32 [N, D], and key alike; negatives [K, D]; all L2-normalised
 */
export function instanceAccuracy(query: tf.Tensor2D, key: tf.Tensor2D, negatives: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const own = tf.sum(tf.mul(query, key), 1);
    const nearest = tf.max(tf.matMul(query, negatives, false, true), 1);
    return tf.mean<tf.Scalar>(tf.cast(tf.greater(own, nearest), 'float32'));
  });
}

/**
 * Acc@Inst where the batch itself has the negatives: the share of views that are nearer to the other view of
 * their image than to any view of another one.
 *
 * @param first float32 [N, D], and second alike; both L2-normalised
 */
export function pairAccuracy(first: tf.Tensor2D, second: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const views = tf.concat([first, second], 0);
    const [count] = views.shape;
    const own = tf.tile(tf.sum(tf.mul(first, second), 1), [2]);
    const isOfSameImage = tf.tile(tf.eye(count / 2), [2, 2]);
    // Similarities are at most 1.
    const others = tf.sub(tf.matMul(views, views, false, true), tf.mul(isOfSameImage, 4));
    return tf.mean<tf.Scalar>(tf.cast(tf.greater(own, tf.max(others, 1)), 'float32'));
  });
}

/**
 * Acc@Proto: the share of queries whose likeliest prototype is that of their own cluster, as a mean over
 * granularities.
 *
 * @param query float32 [N, D], L2-normalised
 * @param index [N], the image of each query
 */
export function prototypeAccuracy(
  query: tf.Tensor2D,
  prototypes: readonly Prototypes[],
  index: Int32Array,
): tf.Scalar {
  return tf.tidy(() => {
    const shares = prototypes.map(({ centroids, concentration, assignments }) => {
      const own = tf.tensor1d(
        index.map((image) => assignments[image]!),
        'int32',
      );
      const logits = tf.div(tf.matMul(query, centroids, false, true), concentration);
      return tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), own), 'float32'));
    });
    return tf.mean<tf.Scalar>(tf.stack(shares));
  });
}
