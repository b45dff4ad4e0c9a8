import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** Added to a logit, it takes that out of the softmax; finite, so that a row of nothing else is no NaN. */
export const EXCLUDED = -3e38;

/** One row's contrast of its positive with the others: the loss, and what its gradient is made of. */
export interface RowContrasts {
  /** [N, 1], the loss of each row. */
  readonly losses: Tensor2D;
  /** [N, 1], minus the derivative of the loss by the positive logit. */
  readonly attraction: Tensor2D;
  /** [N, C] for each block of others; times `repulsion`, the derivative of the loss by their logits. */
  readonly exponentials: readonly Tensor2D[];
  /** [N, 1] */
  readonly repulsion: Tensor2D;
}

/**
 * −log( exp(positive) / (exp(positive) + Σ exp(other)) ) of every row.
 *
 * It is computed as softplus(logsumexp(others) − positive), which neither overflows nor loses the
 * digits of a gradient that is nearly 0.
 *
 * @param positive [N, 1], the logit of each row's positive
 * @param others one or more blocks [N, C] of the other logits, C of at least 1
 */
export function contrastRows(positive: Tensor2D, others: readonly Tensor2D[]): RowContrasts {
  const highest = others.map((block) => tf.max<Tensor2D>(block, 1, true)).reduce((a, b) => tf.maximum(a, b));
  const exponentials = others.map((block) => tf.exp(tf.sub<Tensor2D>(block, highest)));
  const total = exponentials.map((block) => tf.sum<Tensor2D>(block, 1, true)).reduce((a, b) => tf.add(a, b));
  const excess = tf.sub<Tensor2D>(tf.add(highest, tf.log(total)), positive);
  const attraction = tf.sigmoid(excess);
  return {
    // Not tf.softplus, whose thresholds differ between backends.
    losses: tf.add(tf.relu(excess), tf.log1p(tf.exp(tf.neg(tf.abs(excess))))),
    attraction,
    exponentials,
    repulsion: tf.div(attraction, total),
  };
}

/** [N, columns], 1 where the column is the row's own, 0 elsewhere. */
export function oneHotRows(own: Int32Array, columns: number): Tensor2D {
  // Not tf.oneHot, which refuses a single column: that of a batch all in one cluster.
  const isOwn = tf.equal(tf.tensor2d(own, [own.length, 1], 'int32'), tf.range(0, columns, 1, 'int32'));
  return tf.cast(isOwn, 'float32') as Tensor2D;
}
