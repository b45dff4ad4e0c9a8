import { requireKnownOptions } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';

import { requireMatrix } from './checks.js';
import { EXCLUDED, contrastRows, oneHotRows } from './contrastRows.js';
import { meanOfRows } from './meanOfRows.js';
import { clustersOf, requirePrototypes } from './prototypes.js';
import type { Prototypes } from './prototypes.js';
import { selectPrototypes } from './selectPrototypes.js';
import type { SelectedPrototypes, SelectionOptions } from './selectPrototypes.js';

/** What {@link prototypeNCE} takes besides tensors; by default all prototypes, each as one column. */
export type PrototypeNCEOptions = SelectionOptions;

/**
 * The prototype term of ProtoNCE for one granularity: how well each query tells the prototype of its
 * own cluster from other prototypes, each similarity divided by that prototype's concentration;
 * averaged over the batch.
 *
 * Differentiable, once, in `query` only. The query has to be L2-normalised by the caller, and so have
 * the centroids. Where there is no other prototype to compare with, the loss is 0. The result is the
 * caller's to dispose.
 *
 * Source: Li et al., "Prototypical Contrastive Learning", ICLR 2021, the second sum of equation 11.
 *
 * @param query float32 [N, D]
 * @param prototypes the clusters of one granularity; assignments are read at `index` only
 * @param index [N], the index within the dataset of each query
 * @throws LossError `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_OPTION`, `INDEX_OUT_OF_RANGE`, or
 *   `TOO_MANY_NEGATIVES` where fewer prototypes than `negatives` are no positive of the batch
 */
export function prototypeNCE(
  query: Tensor2D,
  prototypes: Prototypes,
  index: Int32Array | readonly number[],
  options: PrototypeNCEOptions = {},
): Scalar {
  requireKnownOptions('prototypeNCE', options, { negatives: true, rng: true, duplicates: true });
  requireMatrix('prototypeNCE', 'query', query, undefined, undefined);
  const [rows, dimension] = query.shape;
  requirePrototypes('prototypeNCE', prototypes, dimension);
  const clusters = clustersOf('prototypeNCE', prototypes, index, rows);
  const selected = selectPrototypes('prototypeNCE', clusters, prototypes.centroids.shape[0], options);
  const { own, positives } = selected;
  return meanOfRows('prototypeNCE', [query], () => {
    const blocks = scaledBlocks(prototypes, selected);
    const logits = blocks.map((block) => tf.matMul(query, block, false, true));
    const isOwn = oneHotRows(own, positives);
    // Negatives are nobody's own, so only the first block needs the mask.
    const [amongPositives, ...withNegatives] = logits as [Tensor2D, ...Tensor2D[]];
    const positive = tf.sum<Tensor2D>(tf.mul(amongPositives, isOwn), 1, true);
    const rivals = tf.add<Tensor2D>(amongPositives, tf.mul(isOwn, EXCLUDED));
    const contrast = contrastRows(positive, [rivals, ...withNegatives]);
    const { losses, attraction, exponentials, repulsion } = contrast;
    const gradient = () => {
      const away = exponentials
        .map((block, which) => tf.matMul(block, blocks[which]!))
        .reduce((a, b) => tf.add(a, b));
      const towards = tf.matMul(tf.mul<Tensor2D>(isOwn, attraction), blocks[0]!);
      return tf.sub<Tensor2D>(tf.mul(away, repulsion), towards);
    };
    return { losses, gradient };
  });
}

/** The selected prototypes, each divided by its concentration: the positives, and the negatives if any. */
function scaledBlocks(
  { centroids, concentration }: Prototypes,
  { columns, positives }: SelectedPrototypes,
): Tensor2D[] {
  const chosen = tf.tensor1d(columns, 'int32');
  const scaled = tf.div<Tensor2D>(
    tf.gather(centroids, chosen),
    tf.reshape(tf.gather(concentration, chosen), [columns.length, 1]),
  );
  const negatives = columns.length - positives;
  return negatives === 0 ? [scaled] : tf.split(scaled, [positives, negatives], 0);
}
