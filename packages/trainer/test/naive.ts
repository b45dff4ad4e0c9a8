import type { State, StepResult } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

/** Losses written out, row by row. */

export type Rows = number[][];

export const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

export const average = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** -log softmax. */
export function crossEntropy(logits: readonly number[], own: number): number {
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[own]!;
}

export const unit = (row: readonly number[]) => row.map((value) => value / Math.hypot(...row));

/** A matrix of a state. */
export function rowsOf({ tensors }: State, name: string): Rows {
  const { data, shape } = tensors[name]!;
  const [rows, columns] = shape as [number, number];
  return Array.from({ length: rows }, (_, row) => [...data.slice(row * columns, (row + 1) * columns)]);
}

export const scalar = (tensor: tf.Scalar | undefined) => tensor!.dataSync()[0]!;

/** The loss, figures and gradients of a step on the host; the step is disposed. */
export function readStep({ loss, figures, gradients }: StepResult) {
  const read = {
    loss: scalar(loss),
    figures: Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, scalar(figure)])),
    gradients: Object.fromEntries(
      Object.entries(gradients).map(([name, gradient]) => [name, [...gradient.dataSync()]]),
    ),
  };
  tf.dispose([loss, figures, gradients]);
  return read;
}
