import * as tf from '@tensorflow/tfjs-core';

import { readClasses, type ClassLabels } from '../labels.js';

/** Some images and their classes. */
export interface LabelledBatch {
  /** float32 [N, H, W, C], as the encoder takes them; whoever iterates disposes them. */
  readonly images: tf.Tensor4D;
  /** [N], in 0 .. `classes`-1; a tensor is disposed with the images. */
  readonly labels: ClassLabels;
}

/** A {@link LabelledBatch} with its classes on the host. */
export interface ReadBatch {
  readonly images: tf.Tensor4D;
  /** int32 [N]. */
  readonly labels: Int32Array;
}

/** Reads the classes of a batch; @throws {EvaluatorError} `INVALID_SHAPE`, `INVALID_LABELS` */
export async function readBatch(
  what: string,
  name: string,
  { images, labels }: LabelledBatch,
  classes: number,
): Promise<ReadBatch> {
  return { images, labels: await readClasses(what, name, labels, images.shape[0], classes) };
}

export function disposeBatch({ images, labels }: LabelledBatch): void {
  images.dispose();
  if (labels instanceof tf.Tensor) labels.dispose();
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
