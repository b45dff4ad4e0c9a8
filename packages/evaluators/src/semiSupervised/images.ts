import type * as tf from '@tensorflow/tfjs-core';

/** Some images and their classes. */
export interface LabelledBatch {
  /** float32 [N, H, W, C], as the encoder takes them; whoever iterates disposes them. */
  readonly images: tf.Tensor4D;
  /** int32 [N], in 0 .. `classes`-1. */
  readonly labels: Int32Array;
}

/** Images to learn from and images to judge by. */
export interface LabelledSplits {
  /** Random views of the training images, other ones in another order for each epoch, counted from 0. */
  readonly views: (epoch: number) => AsyncIterable<LabelledBatch>;
  /** Every held-out image once, without augmentation. */
  readonly heldOut: () => AsyncIterable<LabelledBatch>;
  /** How many classes there are, k. */
  readonly classes: number;
}

/** An encoder that is only asked for features. */
export interface FrozenEncoder {
  /** Features of images, float32 [N, D], which the caller disposes. */
  forward(images: tf.Tensor4D, options: { readonly training: boolean }): tf.Tensor2D;
}

/** An encoder that is trained on. */
export interface TrainableEncoder extends FrozenEncoder {
  /** What `forward` depends on and training may change: float32. */
  readonly variables: Readonly<Record<string, tf.Variable>>;
}
