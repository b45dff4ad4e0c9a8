import type { ToyImages } from './toy.js';

export interface ReferenceModel {
  /** [P, D]. */
  readonly encoder: number[][];
  /** [D, k]. */
  readonly weight: number[][];
  /** [k]. */
  readonly bias: number[];
}

export interface ReferenceOptions {
  readonly encoderRate: number;
  readonly classifierRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** What the rates are multiplied by in each epoch. */
  readonly shares: readonly number[];
}

/**
 * Gradient descent on the mean cross-entropy over all images at once, in loops and float64. Changes
 * the model, and returns the loss before each step.
 */
export function descend(
  { pixels, labels }: ToyImages,
  { encoder, weight, bias }: ReferenceModel,
  { encoderRate, classifierRate, momentum, weightDecay, shares }: ReferenceOptions,
): number[] {
  const zeros = (like: readonly (readonly number[])[]) => like.map((row) => row.map(() => 0));
  const velocity = { encoder: zeros(encoder), weight: zeros(weight), bias: zeros([bias])[0]! };
  const n = pixels.length;
  return shares.map((share) => {
    const gradient = { encoder: zeros(encoder), weight: zeros(weight), bias: zeros([bias])[0]! };
    let loss = 0;
    for (const [i, x] of pixels.entries()) {
      const h = encoder[0]!.map((_, d) => x.reduce((sum, value, p) => sum + value * encoder[p]![d]!, 0));
      const z = bias.map((b, c) => h.reduce((sum, value, d) => sum + value * weight[d]![c]!, b));
      const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
      loss -= (z[labels[i]!]! - Math.log(total)) / n;
      const error = z.map((value, c) => (Math.exp(value) / total - Number(c === labels[i])) / n);
      for (const [c, e] of error.entries()) {
        gradient.bias[c]! += e;
        for (const [d, value] of h.entries()) {
          gradient.weight[d]![c]! += value * e;
          for (const [p, pixel] of x.entries()) gradient.encoder[p]![d]! += pixel * weight[d]![c]! * e;
        }
      }
    }
    const step = (values: number[], slopes: number[], speeds: number[], rate: number) => {
      for (const [j, value] of values.entries()) {
        speeds[j] = momentum * speeds[j]! + slopes[j]! + weightDecay * value;
        values[j]! -= rate * share * speeds[j];
      }
    };
    for (const [p, row] of encoder.entries()) {
      step(row, gradient.encoder[p]!, velocity.encoder[p]!, encoderRate);
    }
    for (const [d, row] of weight.entries()) {
      step(row, gradient.weight[d]!, velocity.weight[d]!, classifierRate);
    }
    step(bias, gradient.bias, velocity.bias, classifierRate);
    return loss;
  });
}
