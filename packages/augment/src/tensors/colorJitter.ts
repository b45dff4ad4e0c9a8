import * as tf from '@tensorflow/tfjs-core';

import type { Adjustment, JitterDraws } from '../draws/sampleDraws.js';
import { arranged, changeGroups, inOriginalOrder, type Group } from './arrangedRows.js';
import { fillLumaBlend, luma, MATRIX_SIZE, mixChannels } from './mixChannels.js';
import { shiftHue } from './shiftHue.js';

/** Each image has each of the four adjustments, at one of the four places. */
const PLACES = 4;

/**
 * Adjusts brightness, contrast, saturation and hue of every image by its own factors and in its own
 * order, with torchvision's definitions: blends with black, with the mean of the luma and with the
 * luma, and a turn of the hue in HSV; values are clipped to 0 .. 1 after each.
 *
 * All images take their first adjustment together, then their second, and so on.
 *
 * @param planes float32 [N, 3, H, W] in 0 .. 1; disposed
 * @param draws one for each image; undefined leaves it as it is
 * @returns the same shape; the caller disposes it
 */
export function colorJitter(planes: tf.Tensor4D, draws: readonly (JitterDraws | undefined)[]): tf.Tensor4D {
  let batch = arranged(planes);
  for (let place = 0; place < PLACES; place++) {
    const groups = groupsAt(place, draws, batch.images);
    if (groups.length > 0) batch = changeGroups(batch, groups);
  }
  return inOriginalOrder(batch);
}

/** The images by what happens to them at a place; empty where nothing happens to any. */
function groupsAt(
  place: number,
  draws: readonly (JitterDraws | undefined)[],
  images: Int32Array,
): readonly Group[] {
  const turned: number[] = [];
  const blended: number[] = [];
  let isAnyBlended = false;
  for (const image of images) {
    const jitter = draws[image];
    const adjustment = jitter?.order[place];
    if (jitter === undefined || adjustment === undefined) blended.push(image);
    else if (adjustment === 'hue' && jitter.hue !== 0) turned.push(image);
    else {
      blended.push(image);
      isAnyBlended ||= adjustment !== 'hue' && jitter[adjustment] !== 1;
    }
  }
  if (!isAnyBlended && turned.length === 0) return [];
  const blendsOf = (of: readonly number[]): Blend[] => of.map((image) => blendAt(place, draws[image]));
  return [
    {
      images: turned,
      change: (rows, of) =>
        shiftHue(
          rows,
          of.map((image) => draws[image]!.hue),
        ),
    },
    { images: blended, change: (rows, of) => (isAnyBlended ? blend(rows, blendsOf(of)) : tf.clone(rows)) },
  ];
}

/** A blend of an image with something else: `factor` of the image and 1 - `factor` of the other. */
interface Blend {
  readonly factor: number;
  readonly other: Exclude<Adjustment, 'hue'>;
}

const unchanged: Blend = { factor: 1, other: 'brightness' };

function blendAt(place: number, jitter: JitterDraws | undefined): Blend {
  const other = jitter?.order[place];
  return jitter === undefined || other === undefined || other === 'hue'
    ? unchanged
    : { factor: jitter[other], other };
}

/** All three blends are one matrix for the channels and one offset, different for each image. */
function blend(planes: tf.Tensor4D, blends: readonly Blend[]): tf.Tensor4D {
  return tf.tidy(() => {
    const matrices = new Float32Array(blends.length * MATRIX_SIZE);
    const shares = new Float32Array(blends.length);
    for (const [i, { factor, other }] of blends.entries()) {
      fillLumaBlend(matrices, i, other === 'saturation' ? 1 - factor : 0, factor);
      shares[i] = other === 'contrast' ? 1 - factor : 0;
    }
    const mixed = mixChannels(planes, matrices);
    const shifted = shares.some((share) => share !== 0)
      ? tf.add<tf.Tensor4D>(mixed, offsets(planes, shares))
      : mixed;
    return tf.clipByValue<tf.Tensor4D>(shifted, 0, 1);
  });
}

/** [N, 1, 1, 1]: each image's share of the mean of its luma. */
function offsets(planes: tf.Tensor4D, shares: Float32Array): tf.Tensor {
  const means = tf.mean(planes, [2, 3], true);
  const meanLuma = tf.sum(tf.mul(means, tf.tensor4d([...luma], [1, 3, 1, 1])), 1, true);
  return tf.mul(meanLuma, tf.tensor4d(shares, [shares.length, 1, 1, 1]));
}
