import { randomStream } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import { profile } from '@protocl/tfjs-backend-torch';
import * as tf from '@tensorflow/tfjs-core';

import type { PreparedTask, TaskParameters } from '../../harness/serve.js';
import { CLASSES, taskNetwork } from '../../ours/taskNetwork.js';
import { optimizerOf, Trainer } from '../../ours/trainer.js';
import { writeArrays, type NamedArray } from './arrays.js';
import { repeat } from './repeat.js';

/** A network and a batch for it. */
interface Setting {
  readonly network: Encoder;
  /** [N, H, W, 3] */
  readonly images: tf.Tensor4D;
  /** int32 [N] */
  readonly labels: tf.Tensor1D;
}

function createSetting(parameters: TaskParameters): Setting {
  const { batch, imageSize } = parameters as { batch: number; imageSize: number };
  const random = randomStream({ seed: 1, purpose: 'benchmark images' });
  const pixels = random.normal(batch * imageSize * imageSize * 3);
  return {
    network: taskNetwork(parameters),
    images: tf.tensor4d(pixels, [batch, imageSize, imageSize, 3]),
    labels: tf.tensor1d(random.integers(batch, CLASSES), 'int32'),
  };
}

/** The network's answer to a batch, in inference mode. */
export function prepareForward(parameters: TaskParameters): PreparedTask {
  const { network, images } = createSetting(parameters);
  return repeat(() => network.forward(images, { training: false }).dispose());
}

/** Whole training steps: forward, backward, SGD. */
export function prepareTraining(parameters: TaskParameters): PreparedTask {
  const { network, images, labels } = createSetting(parameters);
  const trainer = new Trainer(network, optimizerOf(parameters));
  return repeat(() => trainer.step(images, labels).dispose());
}

/** Training steps that report the time of each kernel; on the processor, of each operator. */
export function prepareProfile(parameters: TaskParameters): PreparedTask {
  const { network, images, labels } = createSetting(parameters);
  const trainer = new Trainer(network, optimizerOf(parameters));
  return {
    async run(iterations) {
      const kernels = await profile(() => {
        for (let i = 0; i < iterations; i++) trainer.step(images, labels).dispose();
      });
      return { kernels };
    },
  };
}

/** Training steps that report their losses, from weights and images that are first written for the peer. */
export async function prepareAgreement(parameters: TaskParameters): Promise<PreparedTask> {
  const { network, images, labels } = createSetting(parameters);
  await writeArrays(String(parameters['folder']), [
    ...Object.entries(network.variables).map(([name, variable]) => inPeerLayout(name, variable)),
    inPeerLayout('images', images, [0, 3, 1, 2]),
    inPeerLayout('labels', labels),
  ]);
  const trainer = new Trainer(network, optimizerOf(parameters));
  return {
    run(iterations) {
      const losses: number[] = [];
      for (let i = 0; i < iterations; i++) {
        const loss = trainer.step(images, labels);
        losses.push(loss.dataSync()[0]!);
        loss.dispose();
      }
      return { losses };
    },
  };
}

/** PyTorch has output channels first: OIHW where TensorFlow.js has HWIO, and [out, in] where it has [in, out]. */
function inPeerLayout(name: string, tensor: tf.Tensor, permutation?: number[]): NamedArray {
  const byRank: Record<number, number[]> = { 4: [3, 2, 0, 1], 2: [1, 0] };
  const order = permutation ?? byRank[tensor.rank];
  return tf.tidy(() => {
    const arranged = order === undefined ? tensor : tf.transpose(tensor, order);
    return { name, shape: arranged.shape, values: Float32Array.from(arranged.dataSync()) };
  });
}
