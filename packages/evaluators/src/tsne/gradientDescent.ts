/** Momentum, and gains that adapt the learning rate of each coordinate, as in scikit-learn. */
const GAIN_STEP = 0.2;
const GAIN_DECAY = 0.8;
const LEAST_GAIN = 0.01;

/** What gradient descent keeps from step to step. */
export interface DescentState {
  /** [n · 2], changed in place. */
  readonly embedding: Float64Array;
  /** [n · 2], the last change of each coordinate. */
  readonly update: Float64Array;
  /** [n · 2], the factor of each coordinate's learning rate. */
  readonly gains: Float64Array;
}

/** Starts at an embedding, which is changed in place from then on. */
export function startDescent(embedding: Float64Array): DescentState {
  return {
    embedding,
    update: new Float64Array(embedding.length),
    gains: new Float64Array(embedding.length).fill(1),
  };
}

/**
 * One step of gradient descent with momentum and gains.
 *
 * @returns the length of the gradient, each coordinate times its gain
 * @see Jacobs, Increased rates of convergence through learning rate adaptation, 1988
 */
export function descend(
  { embedding, update, gains }: DescentState,
  gradient: Float64Array,
  { learningRate, momentum }: { readonly learningRate: number; readonly momentum: number },
): number {
  let squares = 0;
  for (let i = 0; i < embedding.length; i++) {
    const turned = update[i]! * gradient[i]! < 0;
    const gain = Math.max(LEAST_GAIN, turned ? gains[i]! + GAIN_STEP : gains[i]! * GAIN_DECAY);
    const slope = gain * gradient[i]!;
    gains[i] = gain;
    update[i] = momentum * update[i]! - learningRate * slope;
    embedding[i]! += update[i]!;
    squares += slope * slope;
  }
  return Math.sqrt(squares);
}
