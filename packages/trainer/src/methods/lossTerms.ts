import * as tf from '@tensorflow/tfjs-core';

/** The loss of one pair of views, with its figures. */
export interface LossTerm {
  readonly loss: tf.Scalar;
  readonly figures: Readonly<Record<string, tf.Scalar>>;
}

/** The mean loss, and the mean of each figure. */
export function meanOfTerms(terms: readonly LossTerm[]): LossTerm {
  const mean = (scalars: readonly tf.Scalar[]) => tf.mean<tf.Scalar>(tf.stack([...scalars]));
  const names = Object.keys(terms[0]!.figures);
  return {
    loss: mean(terms.map(({ loss }) => loss)),
    figures: Object.fromEntries(
      names.map((name) => [name, mean(terms.map(({ figures }) => figures[name]!))]),
    ),
  };
}
