import { createEncoder } from '@protocl/encoders';
import { constant, createPcl, differentiate, sgd, Trainer, type TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { codeOf, isInNode, type Page } from './page.js';
import { images as rows, ownFeatures, slope } from './slope.js';

const IMAGES = 8;
const indices = Int32Array.from({ length: IMAGES }, (_, index) => index);
const images = (which: Int32Array, seed: number): tf.Tensor4D =>
  tf.tidy(() => {
    const all = tf.randomNormal<tf.Rank.R4>([IMAGES, 8, 8, 3], 0, 1, 'float32', seed);
    return tf.gather(all, tf.tensor1d(which, 'int32'));
  });

const source: TrainingSource = {
  size: IMAGES,
  batchSize: 4,
  stepsPerEpoch: 2,
  async *views(epoch, firstStep) {
    for (let step = firstStep; step < 2; step += 1) {
      const batch = indices.slice(4 * step, 4 * step + 4);
      yield { views: [images(batch, epoch + 1), images(batch, epoch + 7)], indices: batch };
    }
  },
  async *plain() {
    yield { images: images(indices, 20), indices };
  },
};

/** The gradient of own layers, by the package's function. */
function ownGradient(): readonly [number, number] {
  const bend = tf.variable(tf.scalar(0.7));
  const x = rows(4, 2);
  const loss = () => tf.mean<tf.Scalar>(tf.square(tf.sub(ownFeatures(tf.mul(x, bend)), 0.3)));
  const { gradients } = differentiate(() => ({ loss: loss() }), { bend });
  const at = (value: number): number => {
    bend.assign(tf.scalar(value));
    return loss().dataSync()[0]!;
  };
  return [gradients['bend']!.dataSync()[0]!, (at(0.71) - at(0.69)) / 0.02];
}

export const page: Page = async () => {
  const own = ownGradient();
  const encoder = createEncoder({
    architecture: 'resnet8',
    width: 4,
    head: { kind: 'linear', dimension: 6 },
    seed: 1,
  });
  const before = encoder.variables['conv1.weight']!.dataSync().slice();
  const method = createPcl({
    encoder,
    source,
    queue: 8,
    batchNormSplits: 2,
    granularities: [2],
    warmupEpochs: 1,
  });
  let steps = 0;
  const trainer = new Trainer({
    method,
    source,
    optimizer: sgd({}),
    schedule: constant({ learningRate: 0.1 }),
    epochs: 2,
    readEvery: 1,
    onEvent: (event) => (steps += event.type === 'step' && Number.isFinite(event.loss) ? 1 : 0),
  });
  const { status, epoch } = await trainer.run();
  const after = encoder.variables['conv1.weight']!.dataSync();
  const { optimizer, schedule } = { optimizer: sgd({}), schedule: constant({ learningRate: 0.1 }) };
  const withFiles = {
    method,
    source,
    optimizer,
    schedule,
    epochs: 1,
    checkpoints: { folder: 'checkpoints' },
  };
  return {
    own,
    again: slope((x) => tf.sum<tf.Scalar>(tf.pow(ownFeatures(x), 3)), rows(3, 5)),
    status: [status, 'completed'],
    epochs: [epoch, 2],
    steps: [steps, 4],
    changed: [String(after.some((weight, at) => weight !== before[at])), 'true'],
    // Checkpoints are files, which a page has none of: it is told so before anything is trained.
    ...(!isInNode() && { refused: [await codeOf(() => new Trainer(withFiles)), 'INVALID_OPTION'] }),
  };
};
