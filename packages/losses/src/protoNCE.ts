import { requireKnownOptions, type OptionNames } from '@protocl/core/options';
import type { RandomStream } from '@protocl/core/random';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

import { lossError } from './errors.js';
import { infoNCE } from './infoNCE.js';
import { prototypeNCE } from './prototypeNCE.js';
import type { Prototypes } from './prototypes.js';

/** What {@link protoNCE} takes besides tensors. */
export interface ProtoNCEOptions {
  /** The temperature of the InfoNCE term; prototypes have their concentrations. */
  readonly temperature: number;
  /** How many negative prototypes to draw at each granularity; without it, all of them are taken. */
  readonly prototypeNegatives?: number;
  /** Draws them; needed with `prototypeNegatives`. */
  readonly rng?: RandomStream;
  /** Images of one cluster in a batch: see `prototypeNCE`. */
  readonly duplicates?: 'merge' | 'keep';
  /** What the mean over granularities is multiplied by; the paper has 1, the default. */
  readonly prototypeWeight?: number;
}

const OPTIONS: OptionNames<ProtoNCEOptions> = {
  temperature: true,
  prototypeNegatives: true,
  rng: true,
  duplicates: true,
  prototypeWeight: true,
};

/**
 * ProtoNCE: InfoNCE plus the prototype term, averaged over granularities.
 *
 * Differentiable, once, in `query` only. All features have to be L2-normalised by the caller. Without
 * any granularity, as during warm-up, it is InfoNCE alone. The result is the caller's to dispose.
 *
 * Source: Li et al., "Prototypical Contrastive Learning", ICLR 2021, equation 11.
 *
 * @param query float32 [N, D]
 * @param key float32 [N, D]
 * @param negatives float32 [K, D], the queue
 * @param prototypes the clusters of each of the M granularities
 * @param index [N], the index within the dataset of each query
 * @throws LossError whatever `infoNCE` and `prototypeNCE` throw
 */
export function protoNCE(
  query: Tensor2D,
  key: Tensor2D,
  negatives: Tensor2D,
  prototypes: readonly Prototypes[],
  index: Int32Array | readonly number[],
  options: ProtoNCEOptions,
): Scalar {
  requireKnownOptions('protoNCE', options, OPTIONS);
  const { temperature, prototypeNegatives, prototypeWeight = 1, rng, duplicates } = options;
  requireWeight(prototypeWeight);
  const selection = {
    ...(prototypeNegatives !== undefined && { negatives: prototypeNegatives }),
    ...(rng !== undefined && { rng }),
    ...(duplicates !== undefined && { duplicates }),
  };
  return tf.tidy(() => {
    const instanceTerm = infoNCE(query, key, negatives, { temperature });
    if (prototypes.length === 0) return instanceTerm;
    const prototypeTerm = prototypes
      .map((granularity) => prototypeNCE(query, granularity, index, selection))
      .reduce((a, b) => tf.add(a, b));
    return tf.add(instanceTerm, tf.mul(prototypeTerm, prototypeWeight / prototypes.length));
  });
}

function requireWeight(prototypeWeight: number): void {
  if (Number.isFinite(prototypeWeight) && prototypeWeight >= 0) return;
  throw lossError('INVALID_OPTION', {
    message: 'protoNCE cannot use this prototypeWeight',
    given: prototypeWeight,
    expected: 'a finite number of at least 0',
  });
}
