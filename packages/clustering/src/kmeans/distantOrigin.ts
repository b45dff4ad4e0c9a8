import * as tf from '@tensorflow/tfjs-core';

import { RESOLUTION } from '../resolution.js';

/** Points that are looked at. */
const SAMPLE = 1024;
/** Points whose mean is further from 0 than so many times their spread are clustered around it. */
const MOST_SPREADS = 8;

/**
 * A place among points that lie far from 0, beside what they differ by: around it their means round less, and what
 * moves a centroid relative to its values, as a split does, moves it relative to the points.
 *
 * @returns float32 [D], the caller's to dispose; nothing for points around 0 or not far from it, such as normalised
 *   ones, and for points that are one in float32
 */
export async function distantOrigin(points: tf.Tensor2D): Promise<tf.Tensor1D | undefined> {
  const [n, dimension] = points.shape;
  const count = Math.min(n, SAMPLE);
  const rows = Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const sample = tf.tidy(() => tf.gather(points, tf.tensor1d(rows, 'int32')));
  const values = await sample.data<'float32'>();
  sample.dispose();
  const mean = new Float64Array(dimension);
  for (let at = 0; at < values.length; at += 1) mean[at % dimension]! += values[at]! / count;
  let variance = 0;
  for (let at = 0; at < values.length; at += 1)
    variance += (values[at]! - mean[at % dimension]!) ** 2 / count;
  const distance = Math.sqrt(mean.reduce((sum, value) => sum + value ** 2, 0));
  const spread = Math.sqrt(variance);
  const isDistant = distance > MOST_SPREADS * spread && spread > RESOLUTION * distance;
  return isDistant ? tf.tensor1d(Float32Array.from(mean)) : undefined;
}
