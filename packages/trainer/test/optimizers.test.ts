import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { adamW, lars, optimizerOf, optimizerSchema, sgd } from '@protocl/trainer';
import type { Optimizer, OptimizerFactory, OptimizerOptions } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from './engines.js';

interface Fixture {
  steps: number;
  optimizers: { options: OptimizerOptions; weights: Record<string, number[]> }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/optimizers.json', import.meta.url), 'utf8'),
) as Fixture;

const SHAPES: Record<string, number[]> = {
  'conv1.weight': [3, 3, 2, 4],
  'bn1.weight': [4],
  'bn1.bias': [4],
  'fc.weight': [4, 3],
  'fc.bias': [3],
};
const NAMES = Object.keys(SHAPES);

/** The formula of tools/parity/optimizers.py. */
function wave(shape: number[], phase: number, factor = 1): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => Math.fround(Math.sin(i * 1.7 + phase)) * factor,
  );
  return tf.tensor(values, shape);
}

function startWeights(): Record<string, tf.Variable> {
  return Object.fromEntries(
    NAMES.map((name, index) => [name, tf.tidy(() => tf.variable(wave(SHAPES[name]!, index)))]),
  );
}

function runStep(optimizer: Optimizer, step: number): void {
  const gradients = Object.fromEntries(
    NAMES.map((name, index) => [name, wave(SHAPES[name]!, 10 + index + 5 * step, step + 1)]),
  );
  optimizer.step(gradients, 0.1 / (1 + step));
  tf.dispose(gradients);
}

function valuesOf(weights: Record<string, tf.Variable>): Record<string, number[]> {
  return Object.fromEntries(NAMES.map((name) => [name, [...weights[name]!.dataSync()]]));
}

describeOnEveryEngine('optimizers', () => {
  test.each(fixture.optimizers)('equal the reference: $options', ({ options, weights: expected }) => {
    const weights = startWeights();
    const optimizer = optimizerOf(options)(weights);
    expect(optimizer.name).toBe(options.kind);
    for (let step = 0; step < fixture.steps; step++) runStep(optimizer, step);
    for (const [name, values] of Object.entries(valuesOf(weights))) {
      const largest = Math.max(...expected[name]!.map(Math.abs));
      for (const [index, value] of values.entries()) {
        expect(Math.abs(value - expected[name]![index]!)).toBeLessThan(2e-6 * Math.max(1, largest));
      }
    }
    optimizer.dispose();
    tf.dispose(weights);
  });

  const factories: [string, OptimizerFactory][] = [
    ['sgd', sgd()],
    ['lars', lars()],
    ['adamW', adamW()],
  ];
  test.each(factories)('%s goes on from its state with the same bits', async (_, create) => {
    const before = tf.memory().numTensors;
    const weights = startWeights();
    const optimizer = create(weights);
    for (let step = 0; step < 2; step++) runStep(optimizer, step);
    const state = await optimizer.toState();
    const halfway = valuesOf(weights);
    for (let step = 2; step < 5; step++) runStep(optimizer, step);
    const expected = valuesOf(weights);

    const others = Object.fromEntries(
      NAMES.map((name) => [
        name,
        tf.tidy(() => tf.variable(tf.tensor(Float32Array.from(halfway[name]!), SHAPES[name]))),
      ]),
    );
    const resumed = create(others);
    // As it comes back from a file.
    resumed.fromState({
      tensors: state.tensors,
      values: JSON.parse(JSON.stringify(state.values ?? {})) as never,
    });
    for (let step = 2; step < 5; step++) runStep(resumed, step);
    expect(valuesOf(others)).toEqual(expected);
    optimizer.dispose();
    resumed.dispose();
    tf.dispose([weights, others]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(factories)('%s leaves no tensor behind and gradients as they were', (_, create) => {
    const weights = startWeights();
    const optimizer = create(weights);
    const gradients = Object.fromEntries(NAMES.map((name) => [name, tf.ones(SHAPES[name]!)]));
    optimizer.step(gradients, 0.1);
    const before = tf.memory().numTensors;
    optimizer.step(gradients, 0.1);
    expect(tf.memory().numTensors).toBe(before);
    expect([...gradients['conv1.weight']!.dataSync()].every((value) => value === 1)).toBe(true);
    optimizer.dispose();
    tf.dispose([weights, gradients]);
  });

  test('lars steps from weights of zero, and stays where gradients are zero', () => {
    const weights = { 'fc.weight': tf.tidy(() => tf.variable(tf.zeros([2, 2]))) };
    const optimizer = lars({ momentum: 0 })(weights);
    const zero = tf.zeros([2, 2]);
    const one = tf.ones([2, 2]);
    optimizer.step({ 'fc.weight': zero }, 0.5);
    expect([...weights['fc.weight'].dataSync()]).toEqual([0, 0, 0, 0]);
    optimizer.step({ 'fc.weight': one }, 0.5);
    expect([...weights['fc.weight'].dataSync()]).toEqual([-0.5, -0.5, -0.5, -0.5]);
    optimizer.dispose();
    tf.dispose([weights, zero, one]);
  });

  test.each(factories)('%s refuses a missing gradient and a foreign state', (_, create) => {
    const weights = startWeights();
    const optimizer = create(weights);
    expect(() => optimizer.step({}, 0.1)).toThrow(expect.objectContaining({ code: 'GRADIENT_MISSING' }));
    const foreign = { tensors: {}, values: { steps: 1 } };
    expect(() => optimizer.fromState(foreign)).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }),
    );
    optimizer.dispose();
    tf.dispose(weights);
  });
});

test('options out of range and unknown ones are refused', () => {
  expect(() => sgd({ momentum: 1 })).toThrow();
  expect(optimizerSchema.safeParse({ kind: 'sgd', momentun: 0.5 }).success).toBe(false);
  expect(optimizerSchema.safeParse({ kind: 'adagrad' }).success).toBe(false);
  expect(optimizerSchema.parse({ kind: 'lars' })).toMatchObject({ trust: 0.001, momentum: 0.9 });
});

test('options that there are not, values that cannot be and kinds that nobody knows are typed errors', () => {
  const refused = (options: object) => {
    try {
      optimizerOf(options as OptimizerOptions);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(refused({ kind: 'sgd', momentun: 0.8 })).toMatchObject({
    code: 'UNKNOWN_OPTION',
    given: 'momentun',
    expected: 'one of momentum, nesterov, weightDecay, decayNormAndBias',
    remedy: 'Did you mean momentum?',
  });
  expect(refused({ kind: 'lars', trust: 0 })).toMatchObject({ code: 'INVALID_OPTION' });
  expect(refused({ kind: 'adam' })).toMatchObject({
    code: 'INVALID_OPTION',
    given: 'adam',
    expected: 'one of sgd, lars, adamW',
  });
});
