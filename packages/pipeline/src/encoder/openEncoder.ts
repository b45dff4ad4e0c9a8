import { requireKnownOptions } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { pipelineError } from '../errors.js';
import type { OpenCheckpointOptions } from '../run/openCheckpoint.js';
import { imageRow, type ImageInput, type ImagesInput } from './imageInput.js';
import { openSource, type OpenedSource } from './openSource.js';
import { plainRecipe, type FeatureKind, type Preprocessing } from './preprocessing.js';

export interface OpenEncoderOptions extends OpenCheckpointOptions {
  /** An image file with more pixels is refused; by default as in the run, or 100 million. */
  readonly maxPixels?: number;
}

/** The vectors of some images, on the host. */
export interface EncodedVectors {
  /** float32, N x D values. */
  readonly features: Float32Array;
  /** [N, D]. */
  readonly shape: readonly [number, number];
}

/** A trained encoder that takes images as they are: it prepares them as its training did for evaluation. */
export interface ImageEncoder {
  /** Length of a vector, D. */
  readonly size: number;
  /** The checkpoint or the file of weights, absolute. */
  readonly source: string;
  /** Whether vectors come from after the average pooling, or from after the projection head. */
  readonly features: FeatureKind;
  readonly preprocessing: Preprocessing;
  /**
   * Encodes an image.
   *
   * @param image a path, the bytes of an image file, pixels or a tensor, which stays the caller's
   * @returns float32 [D], not normalised
   * @throws {ProtoclError} `IMAGE_NOT_READABLE`, `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `INVALID_SHAPE` of
   *   `@protocl/augment`; `INVALID_OPTION` for what is no image; `ENCODER_DISPOSED`
   */
  encode(image: ImageInput): Promise<Float32Array>;
  /**
   * Encodes images, several at once; their order stays. One that cannot be read fails the whole call.
   *
   * @param images a list of what {@link encode} takes; or pixels or a tensor of many, [N, H, W, 3]
   * @returns float32 [N, D], not normalised
   * @throws {ProtoclError} as {@link encode}
   */
  encodeAll(images: ImagesInput): Promise<EncodedVectors>;
  /** Frees the encoder's variables, which no one else does. Idempotent. */
  dispose(): void;
}

/**
 * Starts the engine and opens a trained encoder, for images of any size from anywhere. The caller disposes it.
 *
 * @param path the folder of a run, whose newest checkpoint it then is (or its `encoder.safetensors`, where it has
 *   none any more); a checkpoint; an `encoder.safetensors`; or a file of weights with torchvision's names, for
 *   which `changes` say what it does not: `encoder` and `augmentation`
 * @throws {ConfigError} `INVALID_CONFIG`
 * @throws {ProtoclError} `UNKNOWN_OPTION`; `ENCODER_NOT_DESCRIBED` for a file of weights of which it is not known how
 *   its network is built or how images were prepared; what engine, trainer and encoders throw
 */
export async function openEncoder(path: string, options: OpenEncoderOptions = {}): Promise<ImageEncoder> {
  requireKnownOptions<OpenEncoderOptions>('openEncoder', options, {
    changes: true,
    log: true,
    maxPixels: true,
  });
  const { maxPixels, ...opening } = options;
  const opened = await openSource(path, opening);
  const { encoder, preprocessing, features, source } = opened;
  const most = maxPixels ?? opened.maxPixels;
  const preparing = {
    recipe: plainRecipe(preprocessing),
    ...(most !== undefined && { maxPixels: most }),
  };
  let isDisposed = false;
  const requireLive = () => {
    if (isDisposed) throw disposed(source);
  };
  const encodeAll = async (images: ImagesInput): Promise<EncodedVectors> => {
    requireLive();
    const row = imageRow(images, preparing);
    const size = vectorSize(opened);
    const vectors = new Float32Array(row.count * size);
    for (let start = 0; start < row.count; start += opened.batchSize) {
      const prepared = await row.prepare(start, Math.min(row.count, start + opened.batchSize));
      try {
        requireLive();
        vectors.set(await encodePrepared(encoder, prepared, features), start * size);
      } finally {
        prepared.dispose();
      }
    }
    return { features: vectors, shape: [row.count, size] };
  };
  return {
    size: vectorSize(opened),
    source,
    features,
    preprocessing,
    encode: async (image) => (await encodeAll([image])).features,
    encodeAll,
    dispose() {
      if (!isDisposed) encoder.dispose();
      isDisposed = true;
    },
  };
}

/** Length of the vectors of an encoder. */
export function vectorSize({ encoder, features }: Pick<OpenedSource, 'encoder' | 'features'>): number {
  return features === 'backbone' ? encoder.featureSize : encoder.outputSize;
}

/**
 * The vectors of a prepared batch, on the host.
 *
 * @param images float32 [N, H, W, 3], which stay the caller's
 * @returns float32, N x D values
 */
export async function encodePrepared(
  encoder: Encoder,
  images: tf.Tensor4D,
  kind: FeatureKind,
): Promise<Float32Array> {
  const vectors = tf.tidy(() =>
    kind === 'backbone'
      ? encoder.features(images, { training: false })
      : encoder.forward(images, { training: false }),
  );
  try {
    // An engine may hand out its own memory.
    return (await vectors.data<'float32'>()).slice();
  } finally {
    vectors.dispose();
  }
}

function disposed(source: string): Error {
  return pipelineError('ENCODER_DISPOSED', {
    message: 'an encoder was used after its dispose',
    given: source,
    expected: 'images before dispose() is called',
    remedy: 'Open it again by openEncoder',
  });
}
