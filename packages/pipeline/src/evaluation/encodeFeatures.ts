import type { Encoder } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { pipelineError } from '../errors.js';
import type { LabelledImages } from '../data/runData.js';

/** The features of some images. */
export interface EncodedImages {
  /** float32 [N, D], not normalised. */
  readonly features: tf.Tensor2D;
  /** int32 [N]: which image each is of. */
  readonly indices: Int32Array;
  /** int32 [N]; undefined where the images have no classes. */
  readonly labels: Int32Array | undefined;
}

/**
 * Runs images through an encoder in evaluation mode, batch by batch.
 *
 * @param kind `backbone`: after the average pooling; `head`: after the projection head
 * @returns features that the caller disposes
 * @throws {ProtoclError} `INVALID_FEATURES` if there is no image; what the images' source throws
 */
export async function encodeFeatures(
  encoder: Encoder,
  images: LabelledImages,
  kind: 'backbone' | 'head',
): Promise<EncodedImages> {
  const parts: tf.Tensor2D[] = [];
  const indices = new Int32Array(images.size);
  let count = 0;
  try {
    for await (const batch of images.batches()) {
      parts.push(
        kind === 'backbone'
          ? encoder.features(batch.images, { training: false })
          : encoder.forward(batch.images, { training: false }),
      );
      batch.images.dispose();
      indices.set(batch.indices, count);
      count += batch.indices.length;
    }
    if (parts.length === 0) {
      throw pipelineError('INVALID_FEATURES', {
        message: 'there are no images to encode',
        given: `${images.size} images, none of them readable`,
        expected: 'at least one',
      });
    }
    const features = tf.concat(parts, 0);
    const seen = indices.subarray(0, count);
    const { labels } = images;
    return { features, indices: seen, labels: labels && seen.map((index) => labels[index]!) };
  } finally {
    tf.dispose(parts);
  }
}
