import { readFileSync } from 'node:fs';

import { expect, jest, test } from '@jest/globals';
import { createEncoder, type Encoder, type EncoderOptions } from '@protocl/encoders';
import { createDeepCluster, createMoco, createPcl, createSimclr, sgd } from '@protocl/trainer';
import type { Method, State, TensorState, TrainingBatch } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from './engines.js';
import { float32, formulaRows, formulaTensor, uniform } from './formula.js';

jest.setTimeout(120_000);

/** Of a tensor: its norm, its weighted sum, and of some all values. */
interface Summary {
  readonly norm: number;
  readonly weighted: number;
  readonly values?: readonly number[];
}

/** What PyTorch computed: the loss of two steps, the gradients of the first, and the state after both. */
interface Steps {
  readonly losses: readonly number[];
  readonly gradients: Readonly<Record<string, Summary>>;
  readonly state: Readonly<Record<string, Summary>>;
}

interface Fixture {
  readonly encoder: { readonly width: number; readonly dimension: number };
  readonly images: { readonly count: number; readonly side: number; readonly batches: readonly number[][] };
  readonly queue: { readonly capacity: number; readonly position: number };
  readonly temperature: number;
  readonly momentum: number;
  readonly sgd: { readonly learningRate: number; readonly momentum: number; readonly weightDecay: number };
  readonly clusters: {
    readonly labels: readonly number[];
    readonly classes: number;
    readonly classifier: { readonly learningRate: number; readonly weightDecay: number };
  };
  readonly prototypes: {
    readonly weight: number;
    readonly granularities: readonly { readonly k: number; readonly assignments: readonly number[] }[];
  };
  readonly moco: Steps;
  readonly pcl: Steps;
  readonly simclr: Steps;
  readonly deepcluster: Steps;
}

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/methods.json', import.meta.url), 'utf8'),
) as Fixture;
const { images, queue, temperature, momentum, clusters, prototypes } = fixture;
const { width, dimension } = fixture.encoder;
const batchSize = images.batches[0]!.length;
const source = { size: images.count, batchSize };
const contrast = { source, temperature, momentum, queue: queue.capacity, batchNormSplits: 1 };

type Name = 'moco' | 'pcl' | 'simclr' | 'deepcluster';

function createMethod(name: Name, encoder: Encoder): Method {
  switch (name) {
    case 'moco':
      return createMoco({ encoder, ...contrast });
    case 'pcl': {
      const granularities = prototypes.granularities.map(({ k }) => k);
      const weights = { prototypeWeight: prototypes.weight };
      return createPcl({ encoder, ...contrast, granularities, ...weights, warmupEpochs: 0 });
    }
    case 'simclr':
      return createSimclr({ encoder, temperature });
    case 'deepcluster': {
      const { classes, classifier } = clusters;
      return createDeepCluster({ encoder, source, clusters: classes, components: dimension, classifier });
    }
    default:
      return name satisfies never;
  }
}

/** What a tensor of a method's state begins as. */
function startOf(name: string, shape: readonly number[]): TensorState {
  const [part, ...rest] = name.split('/');
  switch (part) {
    case 'encoder':
      return formulaTensor(rest.join('/'), shape);
    case 'keyEncoder':
      return formulaTensor(`key ${rest.join('/')}`, shape);
    case 'queue':
      return formulaRows('queue', [queue.capacity, dimension]);
    case 'clusters':
      return { dtype: 'int32', shape, data: Int32Array.from(clusters.labels) };
    default: {
      if (rest[1] === 'bias') return formulaTensor('classifier.bias', shape);
      // PyTorch has it as [out, in].
      const [inputs, outputs] = shape as [number, number];
      const { data } = formulaTensor('classifier.weight', [outputs, inputs]);
      return float32(shape, (index) => data[(index % outputs) * inputs + Math.floor(index / outputs)]!);
    }
  }
}

function prototypeTensors(): Record<string, TensorState> {
  const entries = prototypes.granularities.flatMap(({ k, assignments }, index): [string, TensorState][] => {
    const spread = uniform(`concentration ${k}`, k);
    const shape = [assignments.length];
    return [
      [`prototypes/${index}/centroids`, formulaRows(`centroids ${k}`, [k, dimension])],
      [`prototypes/${index}/concentration`, float32([k], (cluster) => 0.3 + 0.1 * spread[cluster]!)],
      [`prototypes/${index}/assignments`, { dtype: 'int32', shape, data: Int32Array.from(assignments) }],
    ];
  });
  return Object.fromEntries(entries);
}

/** Gives a method the weights, the queue and the clusters that the reference had. */
async function begin(method: Method): Promise<void> {
  const { tensors, values } = await method.toState();
  const begun = Object.entries(tensors).map(([name, { shape }]) => [name, startOf(name, shape)] as const);
  const state: State = {
    tensors: { ...Object.fromEntries(begun), ...(method.name === 'pcl' && prototypeTensors()) },
    values: {
      ...values,
      ...('queue/position' in values! && { 'queue/position': queue.position }),
      ...('clusters/epoch' in values! && { 'clusters/epoch': 0 }),
    },
  };
  method.fromState(state);
}

function batchOf(step: number): TrainingBatch {
  const shape: [number, number, number, number] = [batchSize, images.side, images.side, 3];
  const view = (name: string) =>
    tf.tensor4d(
      Float32Array.from(
        uniform(`${name} view ${step}`, batchSize * images.side ** 2 * 3),
        (value) => 1.7 * value,
      ),
      shape,
    );
  return { views: [view('first'), view('second')], indices: Int32Array.from(images.batches[step]!) };
}

/** How far values are from what they should be, relative to their norm. */
function errorOf(actual: ArrayLike<number>, { norm, weighted, values }: Summary): number {
  const all = Array.from(actual);
  const weights = uniform('weights', all.length);
  const ownWeighted = all.reduce((sum, value, index) => sum + value * weights[index]!, 0);
  // A weighted sum may cancel out, so the norm is the scale of both.
  const errors = [Math.hypot(...all) - norm, ownWeighted - weighted];
  if (values) errors.push(Math.hypot(...all.map((value, index) => value - values[index]!)));
  return Math.max(...errors.map(Math.abs)) / norm;
}

function expectClose(
  actual: Readonly<Record<string, ArrayLike<number>>>,
  expected: Readonly<Record<string, Summary>>,
  tolerance: number,
): void {
  const errors = Object.entries(expected).map(([name, summary]) => ({
    name,
    error: errorOf(actual[name]!, summary),
  }));
  expect(errors.filter(({ error }) => !(error < tolerance))).toEqual([]);
}

function inPyTorchLayout(tensor: tf.Tensor): Float32Array {
  const orders: Record<number, number[]> = { 4: [3, 2, 0, 1], 2: [1, 0] };
  const order = orders[tensor.rank];
  return tf.tidy(() => (order === undefined ? tensor : tf.transpose(tensor, order)).dataSync<'float32'>());
}

const mapValues = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

describeOnEveryEngine('two steps as PyTorch takes them', () => {
  test.each<Name>(['moco', 'pcl', 'simclr', 'deepcluster'])('%s', async (name) => {
    const expected = fixture[name];
    const before = tf.memory().numTensors;
    const options: EncoderOptions = {
      architecture: 'resnet8',
      width,
      head: { kind: 'linear', dimension },
      input: name === 'deepcluster' ? 'sobel' : 'rgb',
      seed: 9,
    };
    const encoder = createEncoder(options);
    const method = createMethod(name, encoder);
    await begin(method);
    const { learningRate, ...decay } = fixture.sgd;
    const optimizer = sgd(decay)(method.variables);
    for (const step of [0, 1]) {
      const batch = batchOf(step);
      const { loss, gradients, figures } = method.step(batch, { epoch: 0, step, measured: true });
      expect(Math.abs(loss.dataSync()[0]! - expected.losses[step]!)).toBeLessThan(1e-5);
      if (step === 0) {
        expect(Object.keys(gradients)).toEqual(Object.keys(expected.gradients));
        expectClose(mapValues(gradients, inPyTorchLayout), expected.gradients, 1e-3);
      }
      optimizer.step(gradients, learningRate);
      method.afterUpdate?.();
      tf.dispose([...batch.views, loss, gradients, figures]);
    }
    const { tensors, values } = await method.toState();
    expectClose(
      mapValues(tensors, ({ data }) => data),
      expected.state,
      1e-5,
    );
    if (name === 'moco') expect(values).toEqual({ 'queue/position': 6 });
    optimizer.dispose();
    method.dispose();
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
