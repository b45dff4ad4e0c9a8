import { createEncoder, loadWeights, encodeSafetensors } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import type { Page } from './page.js';

export const page: Page = async () => {
  const head = { kind: 'linear', dimension: 4 } as const;
  const create = (seed: number) =>
    createEncoder({ architecture: 'resnet8', width: 4, stem: 'small', head, seed });
  const encoder = create(1);
  const images = tf.randomNormal<tf.Rank.R4>([2, 8, 8, 3], 0, 1, 'float32', 3);
  const loss = () => tf.sum<tf.Scalar>(tf.square(encoder.forward(images, { training: false })));
  const variables = Object.values(encoder.variables);
  // The first convolution runs before any op of ours.
  const { value, grads } = tf.variableGrads(loss, variables);
  const first = variables[0]!;
  const before = first.dataSync().slice();
  const at = (change: number): number => {
    first.assign(
      tf.tensor(
        before.map((w, i) => (i === 0 ? w + change : w)),
        first.shape,
      ),
    );
    return loss().dataSync()[0]!;
  };
  const difference = (at(0.002) - at(-0.002)) / 0.004;
  at(0);
  const { tensors } = await encoder.toState();
  const other = create(2);
  await loadWeights(other, encodeSafetensors(tensors), {});
  const again = tf.sum(tf.square(other.forward(images, { training: false }))).dataSync()[0]!;
  return {
    gradient: [grads[first.name]!.dataSync()[0]!, difference],
    loaded: [again, value.dataSync()[0]!],
  };
};
