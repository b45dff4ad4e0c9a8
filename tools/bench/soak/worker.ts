import { setImmediate as nextTurn } from 'node:timers/promises';

import { randomStream } from '@protocl/core';
import * as tf from '@tensorflow/tfjs-core';

import { serve, type PreparedTask, type TaskParameters } from '../harness/serve.js';
import { startEngine } from '../ours/startEngine.js';
import { CLASSES, taskNetwork } from '../ours/taskNetwork.js';
import { Trainer } from '../ours/trainer.js';

/** Given by `--expose-gc`. */
const { gc: collectGarbage } = globalThis as unknown as { readonly gc: () => void };

const optimizer = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 };

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  return { ...prepareSteps(parameters), ...engine };
});

/** Training as it is done for real: every step gets a new batch and gives the event loop a turn. */
function prepareSteps(parameters: TaskParameters): PreparedTask {
  const { batch, imageSize } = parameters as { batch: number; imageSize: number };
  const trainer = new Trainer(taskNetwork(parameters), optimizer);
  let step = 0;

  function trainOnce(): void {
    const random = randomStream({ seed: 1, purpose: 'soak', step: step++ });
    const pixels = random.uniform(batch * imageSize * imageSize * 3);
    const images = tf.tensor4d(pixels, [batch, imageSize, imageSize, 3]);
    const labels = tf.tensor1d(random.integers(batch, CLASSES), 'int32');
    const loss = trainer.step(images, labels);
    if (!Number.isFinite(loss.dataSync()[0])) throw new Error(`the loss of step ${step} is not finite`);
    tf.dispose([images, labels, loss]);
  }

  return {
    async run(iterations) {
      const resident: number[] = [];
      const tensors: number[] = [];
      for (let i = 0; i < iterations; i++) {
        trainOnce();
        await nextTurn();
        // V8 lets garbage gather and resizes its young generation as it sees fit, by a tenth of what this process has.
        collectGarbage();
        resident.push(process.memoryUsage.rss());
        tensors.push(tf.memory().numTensors);
      }
      return { resident, tensors };
    },
  };
}
