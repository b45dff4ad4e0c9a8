import { randomStream } from '@protocl/core';
import { createEncoder } from '@protocl/encoders';
import {
  createPcl,
  sgd,
  type Method,
  type State,
  type TrainingBatch,
  type TrainingSource,
} from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

const IMAGES = 128;
const BATCH = 32;
const SIDE = 16;
const STEPS = 2;
const CLASSES = 8;

/** What a few steps of PCL lead to, on the host. */
export interface PclSteps {
  /** The state behind the E-step; another engine takes it over, so that both take the same steps. */
  readonly state: State;
  /** Of the E-step, for each granularity. */
  readonly assignments: readonly Int32Array[];
  readonly losses: Float32Array;
  /** All gradients of the first step, one after the other. */
  readonly gradients: Float32Array;
  /** All weights after the last step. */
  readonly weights: Float32Array;
}

/**
 * An E-step and two M-steps of PCL with their updates, on the active engine.
 *
 * @param given the state that another engine had behind its E-step, from which the M-steps then begin
 */
export async function pclSteps(given?: State): Promise<PclSteps> {
  const encoder = createEncoder({
    architecture: 'resnet8',
    stem: 'small',
    width: 16,
    head: { kind: 'mlp', dimension: 32 },
    seed: 1,
  });
  const source = clusteredImages();
  const method = createPcl({
    encoder,
    source,
    seed: 1,
    temperature: 0.1,
    queue: 4 * BATCH,
    momentum: 0.9,
    batchNormSplits: 2,
    granularities: [CLASSES, 2 * CLASSES],
    warmupEpochs: 0,
    expectation: { redo: 2 },
  });
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 })(method.variables);
  try {
    await method.beforeUpdate?.({ epoch: 0, step: 0, source });
    const assignments = (method.clusters?.() ?? []).map((clusters) => clusters.assignments);
    const state = await method.toState();
    if (given !== undefined) method.fromState(given);
    const losses: number[] = [];
    let gradients = new Float32Array();
    let step = 0;
    for await (const batch of source.views(0, 0)) {
      const result = method.step(batch, { epoch: 0, step, measured: false });
      losses.push((await result.loss.data())[0]!);
      if (step === 0) gradients = await joined(method, (name) => result.gradients[name]!);
      optimizer.step(result.gradients, 0.05);
      method.afterUpdate?.();
      tf.dispose([result.loss, result.gradients, result.figures, batch.views as unknown as tf.Tensor[]]);
      step += 1;
    }
    const weights = await joined(method, (name) => method.variables[name]!);
    return { state, assignments, losses: Float32Array.from(losses), gradients, weights };
  } finally {
    optimizer.dispose();
    method.dispose();
    encoder.dispose();
  }
}

async function joined(
  method: Method,
  tensorOf: (name: string) => tf.Tensor,
): Promise<Float32Array<ArrayBuffer>> {
  const names = Object.keys(method.variables).sort();
  const parts = await Promise.all(names.map(async (name) => (await tensorOf(name).data()) as Float32Array));
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Noise around a few images, so that the clusters do not hang on the last digit. */
function clusteredImages(): TrainingSource {
  const size = SIDE * SIDE * 3;
  const draw = (purpose: string, index: number, length: number) =>
    randomStream({ seed: 1, purpose: `agreement: ${purpose}`, step: index }).normal(length);
  const images = (purpose: string, indices: readonly number[], noise: number): tf.Tensor4D => {
    const pixels = new Float32Array(indices.length * size);
    for (const [row, index] of indices.entries()) {
      const centre = draw('centre', index % CLASSES, size);
      const around = draw(purpose, index, size);
      for (let i = 0; i < size; i++) pixels[row * size + i] = centre[i]! + noise * around[i]!;
    }
    return tf.tensor4d(pixels, [indices.length, SIDE, SIDE, 3]);
  };
  const rows = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  return {
    size: IMAGES,
    batchSize: BATCH,
    stepsPerEpoch: STEPS,
    async *views(): AsyncGenerator<TrainingBatch> {
      for (let step = 0; step < STEPS; step++) {
        const indices = rows(step * BATCH, BATCH);
        yield {
          views: [images('view 0', indices, 0.5), images('view 1', indices, 0.5)],
          indices: Int32Array.from(indices),
        };
      }
    },
    async *plain() {
      yield { images: images('plain', rows(0, IMAGES), 0.3), indices: Int32Array.from(rows(0, IMAGES)) };
    },
  };
}
