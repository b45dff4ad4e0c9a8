import type { PairProbabilities } from './pairProbabilities.js';

/**
 * What pulls the points together: Σ_j p_ij w_ij (y_i - y_j), with w_ij = 1 / (1 + |y_i - y_j|²).
 *
 * On the host, since it takes a step for each pair of neighbours, a hundredth of all pairs, at irregular places.
 *
 * @param embedding [n · 2]
 * @param forces [n · 2], overwritten
 */
export function attraction(
  { starts, others, values }: PairProbabilities,
  embedding: Float64Array,
  forces: Float64Array,
): void {
  forces.fill(0);
  const n = starts.length - 1;
  for (let i = 0; i < n; i++) {
    const x = embedding[2 * i]!;
    const y = embedding[2 * i + 1]!;
    let forceX = 0;
    let forceY = 0;
    for (let at = starts[i]!, end = starts[i + 1]!; at < end; at++) {
      const j = 2 * others[at]!;
      const dx = x - embedding[j]!;
      const dy = y - embedding[j + 1]!;
      const weight = values[at]! / (1 + dx * dx + dy * dy);
      forceX += weight * dx;
      forceY += weight * dy;
      forces[j]! -= weight * dx;
      forces[j + 1]! -= weight * dy;
    }
    forces[2 * i]! += forceX;
    forces[2 * i + 1]! += forceY;
  }
}

/**
 * The Kullback-Leibler divergence Σ_ij p_ij log(p_ij / q_ij) with q_ij = w_ij / Z, in nats.
 *
 * @param embedding [n · 2]
 * @param normalizer Z, the sum of w over all ordered pairs
 */
export function divergence(
  { starts, others, values }: PairProbabilities,
  embedding: Float64Array,
  normalizer: number,
): number {
  const logNormalizer = Math.log(normalizer);
  let sum = 0;
  for (let i = 0; i < starts.length - 1; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = others[at]!;
      const dx = embedding[2 * i]! - embedding[2 * j]!;
      const dy = embedding[2 * i + 1]! - embedding[2 * j + 1]!;
      // Each pair stands for (i, j) and (j, i).
      sum += 2 * values[at]! * (Math.log(values[at]!) + Math.log1p(dx * dx + dy * dy) + logNormalizer);
    }
  }
  return sum;
}
