/** As in scikit-learn: the most halvings, and how near the entropy has to come. */
const STEPS = 100;
const TOLERANCE = 1e-5;

/**
 * The probabilities with which each point picks its neighbours: Gaussian in the distance, with a width that gives the
 * distribution the wanted perplexity, found by bisection.
 *
 * @param squaredDistances [n · k], to the neighbours of each point
 * @param k neighbours of a point
 * @param perplexity exp of the entropy that is wanted; where it is more than k, the widths become infinite
 * @returns [n · k]; those of a point add up to 1
 * @see van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008, equation 1
 */
export function conditionalProbabilities(
  squaredDistances: Float32Array,
  k: number,
  perplexity: number,
): Float64Array {
  const probabilities = new Float64Array(squaredDistances.length);
  const wanted = Math.log(perplexity);
  for (let start = 0; start < squaredDistances.length; start += k) {
    const distances = squaredDistances.subarray(start, start + k);
    // A common factor drops out of the probabilities; without it far points would all underflow to 0.
    const nearest = distances.reduce((least, distance) => Math.min(least, distance));
    let precision = 1;
    let low = 0;
    let high = Infinity;
    for (let step = 0; step < STEPS; step++) {
      let sum = 0;
      let weighted = 0;
      for (let i = 0; i < k; i++) {
        const further = distances[i]! - nearest;
        const value = Math.exp(-precision * further);
        probabilities[start + i] = value;
        sum += value;
        weighted += further * value;
      }
      for (let i = 0; i < k; i++) probabilities[start + i]! /= sum;
      const excess = Math.log(sum) + (precision * weighted) / sum - wanted;
      if (Math.abs(excess) <= TOLERANCE) break;
      if (excess > 0) low = precision;
      else high = precision;
      precision = high === Infinity ? precision * 2 : (low + high) / 2;
    }
  }
  return probabilities;
}
