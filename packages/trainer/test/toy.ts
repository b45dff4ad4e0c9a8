import { randomStream } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import { differentiate } from '@protocl/trainer';
import type {
  Method,
  State,
  StepContext,
  TensorState,
  TrainingBatch,
  TrainingSource,
  UpdateContext,
} from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

/** A source whose second view is a fixed function of the first; all of it a function of epoch and step. */
export function toySource({ size = 48, batchSize = 4, seed = 1 } = {}): TrainingSource & { asked: string[] } {
  const stepsPerEpoch = Math.floor(size / batchSize);
  const images = randomStream({ seed, purpose: 'images' }).normal(size * 4);
  const rows = (indices: Int32Array, factor: number) =>
    tf.tensor4d(
      Float32Array.from(
        [...indices].flatMap((index) => [...images.subarray(4 * index, 4 * index + 4)]),
        (value) => value * factor,
      ),
      [indices.length, 2, 2, 1],
    );
  const asked: string[] = [];
  return {
    size,
    batchSize,
    stepsPerEpoch,
    asked,
    async *views(epoch, firstStep): AsyncGenerator<TrainingBatch> {
      asked.push(`${epoch}:${firstStep}`);
      const order = randomStream({ seed, purpose: 'order', epoch }).permutation(size);
      for (let step = firstStep; step < stepsPerEpoch; step++) {
        const indices = order.slice(step * batchSize, (step + 1) * batchSize);
        yield { views: [rows(indices, 1), rows(indices, -2)], indices };
      }
    },
    async *plain() {
      const indices = Int32Array.from({ length: size }, (_, index) => index);
      yield { images: rows(indices, 1), indices };
    },
  };
}

interface ToyOptions {
  /** Where the loss is NaN. */
  readonly poison?: (context: StepContext) => boolean;
  readonly onStep?: (context: StepContext) => void;
  readonly onUpdate?: (context: UpdateContext) => void | Promise<void>;
}

/** Learns the map from the first view to the second; an average of its weights follows them. */
export class ToyMethod implements Method {
  readonly name = 'toy';
  // What is tested here never looks at the encoder.
  readonly encoder = undefined as unknown as Encoder;
  readonly variables = {
    'fc.weight': tf.tidy(() => tf.variable(tf.fill([4, 4], 0.1))),
    'fc.bias': tf.tidy(() => tf.variable(tf.fill([4], 0.2))),
  };
  readonly average = tf.tidy(() => tf.variable(tf.zeros([4, 4]), false));
  expectations = 0;

  constructor(private readonly options: ToyOptions = {}) {}

  async beforeUpdate(context: UpdateContext) {
    await this.options.onUpdate?.(context);
    if (context.step > 0) return undefined;
    this.expectations += 1;
    return { expectations: this.expectations };
  }

  step({ views: [first, second] }: TrainingBatch, context: StepContext) {
    this.options.onStep?.(context);
    const { 'fc.weight': weight, 'fc.bias': bias } = this.variables;
    return differentiate(() => {
      const predicted = tf.add(tf.matMul(tf.reshape(first, [-1, 4]), weight as unknown as tf.Tensor2D), bias);
      const loss = tf.mean<tf.Scalar>(tf.squaredDifference(predicted, tf.reshape(second, [-1, 4])));
      const poisoned = this.options.poison?.(context) === true ? tf.mul(loss, Number.NaN) : loss;
      const figures = { error: loss, ...(context.measured && { root: tf.sqrt(loss) }) };
      return { loss: poisoned as tf.Scalar, figures: figures };
    }, this.variables);
  }

  afterUpdate() {
    tf.tidy(() => {
      this.average.assign(tf.add(tf.mul(this.average, 0.9), tf.mul(this.variables['fc.weight'], 0.1)));
    });
  }

  async toState() {
    const { 'fc.weight': weight, 'fc.bias': bias } = this.variables;
    const tensors: Record<string, TensorState> = {};
    for (const [name, variable] of Object.entries({ weight, bias, average: this.average })) {
      tensors[name] = { dtype: 'float32', shape: variable.shape, data: variable.dataSync<'float32'>() };
    }
    return { tensors, values: { expectations: this.expectations } };
  }

  fromState({ tensors, values }: State): void {
    tf.tidy(() => {
      const { 'fc.weight': weight, 'fc.bias': bias } = this.variables;
      for (const [name, variable] of Object.entries({ weight, bias, average: this.average })) {
        const { data, shape } = tensors[name]!;
        variable.assign(tf.tensor(data, [...shape]));
      }
    });
    this.expectations = values?.['expectations'] as number;
  }

  /** All that was learned. */
  weights(): number[] {
    return [...Object.values(this.variables), this.average].flatMap((variable) => [...variable.dataSync()]);
  }

  dispose(): void {
    tf.dispose([this.variables, this.average]);
  }
}
