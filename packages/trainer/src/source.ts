import type * as tf from '@tensorflow/tfjs-core';

/** Two augmented views of some images. */
export interface TrainingBatch {
  /** float32 [N, H, W, C] each, row i of both from the same image; the trainer disposes them. */
  readonly views: readonly [tf.Tensor4D, tf.Tensor4D];
  /** int32 [N]: where the images are in the data set. */
  readonly indices: Int32Array;
}

/** Images as they are, without augmentation. */
export interface PlainBatch {
  /** float32 [N, H, W, C]; whoever iterates disposes them. */
  readonly images: tf.Tensor4D;
  /** int32 [N]: where the images are in the data set. */
  readonly indices: Int32Array;
}

/** Where the images come from. The same epoch and step always give the same batch. */
export interface TrainingSource {
  /** Images in the data set, n. */
  readonly size: number;
  /** Images of every batch of views, N. */
  readonly batchSize: number;
  /** Batches of views in an epoch. */
  readonly stepsPerEpoch: number;
  /**
   * The batches of an epoch from a step on, each asked for when the one before has been used.
   *
   * @param order int32 [n]: the images of the epoch, one after the other, some perhaps several times, with other
   *   views each time; each once in random order by default
   */
  views(epoch: number, firstStep: number, order?: Int32Array): AsyncIterable<TrainingBatch>;
  /** Every image once, in any order; images that cannot be read may be missing. */
  plain(): AsyncIterable<PlainBatch>;
}
