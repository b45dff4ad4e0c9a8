import { requireKnownOptions } from '@protocl/core/options';

import { clusteringError } from '../errors.js';
import { resolutionOf } from '../resolution.js';

/** How {@link concentration} smooths and scales. */
export interface ConcentrationOptions {
  /** Keeps small clusters from looking concentrated. Default 10. */
  readonly alpha?: number;
  /** τ, the mean of the result. */
  readonly temperature: number;
  /** The percentiles to clip to. Default [10, 90]. */
  readonly clip?: readonly [number, number];
  /**
   * The length of the points, 1 for normalised ones: distances that are rounding beside it count as none. Default the
   * largest of the distances, beside which only the smallest can be told to be rounding.
   */
  readonly length?: number;
}

/**
 * How spread each cluster is: Σ‖v−c‖₂ / (Z·log(Z+α)) over its Z points, clipped to percentiles and scaled to a mean
 * of τ. It is the temperature of the cluster's prototype in ProtoNCE.
 *
 * Clusters of fewer than two points, and those whose points all lie on their centroid, say nothing of their spread:
 * they take the largest value of the others, and τ where there are no others. The mean of copies is itself a rounding
 * away from them, so points that are no further from it on average than float32 resolves lie on it.
 *
 * @param distances [n], Euclidean, to centroids that are not normalised
 * @param assignments [n], in 0 .. k-1
 * @param k clusters
 * @returns [k], positive
 * @throws {ClusteringError} `INVALID_OPTION` or `INVALID_SHAPE` for arguments that do not fit
 * @see Li, Zhou, Xiong and Hoi, Prototypical Contrastive Learning, ICLR 2021, equation 12
 */
export function concentration(
  distances: ArrayLike<number>,
  assignments: ArrayLike<number>,
  k: number,
  options: ConcentrationOptions,
): Float32Array {
  requireKnownOptions('concentration', options, { alpha: true, temperature: true, clip: true, length: true });
  const { alpha = 10, temperature, clip = [10, 90], length } = options;
  requireOptions(alpha, temperature, clip, length);
  const { sums, sizes, furthest } = sumsByCluster(distances, assignments, k);
  const scale = length ?? furthest;
  const isKnown = (cluster: number): boolean => {
    const size = sizes[cluster]!;
    return size >= 2 && sums[cluster]! > size * resolutionOf(size) * scale;
  };
  const spreads = sums.map((sum, cluster) =>
    isKnown(cluster) ? sum / (sizes[cluster]! * Math.log(sizes[cluster]! + alpha)) : 0,
  );
  const largest = spreads.reduce((most, spread) => Math.max(most, spread), 0);
  if (largest === 0) return new Float32Array(k).fill(temperature);
  const filled = spreads.map((spread, cluster) => (isKnown(cluster) ? spread : largest));
  const [low, high] = percentiles(filled, clip);
  const clipped = filled.map((spread) => Math.min(Math.max(spread, low), high));
  const mean = clipped.reduce((sum, spread) => sum + spread, 0) / k;
  return Float32Array.from(clipped, (spread) => (temperature * spread) / mean);
}

function sumsByCluster(distances: ArrayLike<number>, assignments: ArrayLike<number>, k: number) {
  if (!Number.isSafeInteger(k) || k < 1) {
    throw clusteringError('INVALID_OPTION', {
      message: 'concentration needs the number of clusters',
      given: k,
      expected: 'a whole number of at least 1',
    });
  }
  if (distances.length !== assignments.length) {
    throw clusteringError('INVALID_SHAPE', {
      message: 'concentration takes a distance and a cluster for each point',
      given: `${distances.length} distances, ${assignments.length} assignments`,
      expected: 'as many of each',
    });
  }
  const sums = new Float64Array(k);
  const sizes = new Float64Array(k);
  let furthest = 0;
  for (let i = 0; i < distances.length; i += 1) {
    const cluster = assignments[i]!;
    const distance = distances[i]!;
    if (!(cluster in sums) || !(distance >= 0 && distance < Infinity)) {
      throw clusteringError('INVALID_OPTION', {
        message: `concentration cannot use point ${i}`,
        given: `distance ${distance} in cluster ${cluster}`,
        expected: `a finite distance, and a cluster of 0 .. ${k - 1}`,
      });
    }
    sums[cluster]! += distance;
    sizes[cluster]! += 1;
    furthest = Math.max(furthest, distance);
  }
  return { sums, sizes, furthest };
}

/** Interpolated linearly between neighbours, as `numpy.percentile` does by default. */
function percentiles(values: Float64Array, [lower, upper]: readonly [number, number]): [number, number] {
  const sorted = values.toSorted();
  const at = (percentile: number): number => {
    const position = (percentile / 100) * (sorted.length - 1);
    const below = sorted[Math.floor(position)]!;
    return below + (sorted[Math.ceil(position)]! - below) * (position - Math.floor(position));
  };
  return [at(lower), at(upper)];
}

function requireOptions(
  alpha: number,
  temperature: number,
  [lower, upper]: readonly [number, number],
  length: number | undefined,
): void {
  const problems: [isValid: boolean, name: string, given: unknown, expected: string][] = [
    // With α of 1 or less, log(Z+α) could be zero or negative.
    [Number.isFinite(alpha) && alpha > 0, 'alpha', alpha, 'a number above 0'],
    [Number.isFinite(temperature) && temperature > 0, 'temperature', temperature, 'a number above 0'],
    [
      lower >= 0 && lower <= upper && upper <= 100,
      'clip',
      [lower, upper],
      'two ascending percentiles of 0 .. 100',
    ],
    [length === undefined || (Number.isFinite(length) && length > 0), 'length', length, 'a number above 0'],
  ];
  for (const [isValid, name, given, expected] of problems) {
    if (!isValid) {
      throw clusteringError('INVALID_OPTION', {
        message: `concentration cannot use this ${name}`,
        given,
        expected,
      });
    }
  }
}
