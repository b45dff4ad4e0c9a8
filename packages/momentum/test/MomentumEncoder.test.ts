import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { MomentumEncoder } from '@protocl/momentum';
import type { State } from '@protocl/momentum';

import { describeOnEveryBackend } from './everyBackend.js';
import { bitsOf, largestDifference, sample, valuesOf } from './samples.js';

const SHAPES = { kernel: [3, 3, 2, 4], bias: [4], scale: [] };

const queryVariables = (purpose: string): Record<string, Variable> =>
  Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [
      name,
      tf.tidy(() => tf.variable(sample(shape as [number], `${purpose} ${name}`))),
    ]),
  );

/** What a training step does to the query. */
const train = (queries: Record<string, Variable>, purpose: string) =>
  tf.tidy(() => {
    for (const [name, query] of Object.entries(queries)) {
      query.assign(tf.add(query, sample(query.shape as [number], `${purpose} ${name}`)));
    }
  });

describeOnEveryBackend('MomentumEncoder', () => {
  test('begins equal to the query and follows it as the average does', () => {
    const queries = queryVariables('query');
    const encoder = new MomentumEncoder(queries, { momentum: 0.9 });
    const expected = Object.values(queries).map(valuesOf);
    expect(Object.values(encoder.variables).map(valuesOf)).toEqual(expected);
    for (const [step, momentum] of [undefined, 0.5, 0, 1].entries()) {
      train(queries, `step ${step}`);
      const now = Object.values(queries).map(valuesOf);
      encoder.update(momentum);
      expected.forEach((values, i) =>
        values.forEach(
          (value, j) => (values[j] = value * (momentum ?? 0.9) + now[i]![j]! * (1 - (momentum ?? 0.9))),
        ),
      );
      Object.values(encoder.variables).forEach((variable, i) =>
        expect(largestDifference(valuesOf(variable), expected[i]!)).toBeLessThan(1e-5),
      );
      expect(Object.values(queries).map(valuesOf)).toEqual(now);
    }
    tf.dispose(queries);
    encoder.dispose();
  });

  test('has its variables under the names, or in the order, of the query', () => {
    const queries = queryVariables('query');
    const named = new MomentumEncoder(queries, { momentum: 0.9 });
    const listed = new MomentumEncoder(Object.values(queries), { momentum: 0.9 });
    expect(Object.keys(named.variables)).toEqual(Object.keys(SHAPES));
    expect(listed.variables.map((variable) => variable.shape)).toEqual(Object.values(SHAPES));
    expect(Object.values(named.variables).map((variable) => variable.trainable)).toEqual([
      false,
      false,
      false,
    ]);
    named.dispose();
    listed.dispose();
    tf.dispose(queries);
  });

  test("with another encoder's variables it sets and moves those, and leaves them to their owner", () => {
    const [queries, variables] = [queryVariables('query'), queryVariables('other')];
    const encoder = new MomentumEncoder(queries, { momentum: 0.5, variables });
    expect(encoder.variables).toEqual(variables);
    expect(encoder.variables['bias']).toBe(variables['bias']);
    expect(valuesOf(variables['kernel']!)).toEqual(valuesOf(queries['kernel']!));
    const before = valuesOf(variables['bias']!);
    train(queries, 'step');
    encoder.update();
    const halfway = valuesOf(queries['bias']!).map((value, i) => (value + before[i]!) / 2);
    expect(largestDifference(valuesOf(variables['bias']!), halfway)).toBeLessThan(1e-6);
    encoder.dispose();
    expect(variables['bias']!.isDisposed).toBe(false);
    tf.dispose([queries, variables]);
  });

  test('leaves no tensor behind', () => {
    const queries = queryVariables('query');
    const before = tf.memory();
    const encoder = new MomentumEncoder(queries, { momentum: 0.9 });
    expect(tf.memory().numTensors).toBe(before.numTensors + 3);
    for (let step = 0; step < 3; step++) encoder.update();
    expect(tf.memory().numTensors).toBe(before.numTensors + 3);
    encoder.dispose();
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    tf.dispose(queries);
  });

  test('a state holds every bit, as it was at the call, and is of its own', async () => {
    const queries = queryVariables('query');
    tf.tidy(() => queries['bias']!.assign(tf.tensor1d([-0, 1e-42, Infinity, 1 / 3])));
    const encoder = new MomentumEncoder(queries, { momentum: 0.9 });
    const before = Object.values(encoder.variables).map(bitsOf);
    const tensors = tf.memory().numTensors;
    const reading = encoder.toState();
    train(queries, 'step');
    encoder.update();
    const state = await reading;
    expect(tf.memory().numTensors).toBe(tensors);
    expect(Object.values(state.tensors).map(({ data }) => bitsOf(data))).toEqual(before);
    encoder.fromState(state);
    expect(tf.memory().numTensors).toBe(tensors);
    state.tensors['kernel']!.data.fill(7);
    expect(Object.values(encoder.variables).map(bitsOf)).toEqual(before);
    // Going on from a state is going on from where it was.
    const other = new MomentumEncoder(queries, { momentum: 0.9 });
    other.fromState(await encoder.toState());
    encoder.update();
    other.update();
    expect(Object.values(other.variables).map(bitsOf)).toEqual(Object.values(encoder.variables).map(bitsOf));
    tf.dispose(queries);
    encoder.dispose();
    other.dispose();
  });

  test('a state that does not fit changes nothing', async () => {
    const queries = queryVariables('query');
    const encoder = new MomentumEncoder(queries, { momentum: 0.9 });
    const { tensors } = await encoder.toState();
    const [before, count] = [Object.values(encoder.variables).map(valuesOf), tf.memory().numTensors];
    const moved = { ...tensors, kernel: { ...tensors['kernel']!, data: new Float32Array(72) } };
    const unfit: State['tensors'][] = [
      { kernel: moved.kernel },
      { ...moved, surplus: tensors['bias']! },
      { ...moved, bias: { ...tensors['bias']!, shape: [2, 2] } },
      { ...moved, bias: { ...tensors['bias']!, data: new Float32Array(3) } },
      { ...moved, bias: { dtype: 'int32', shape: [4], data: new Int32Array(4) } },
    ];
    for (const wrong of unfit) {
      expect(() => encoder.fromState({ tensors: wrong })).toThrow(
        expect.objectContaining({ code: 'STATE_MISMATCH' }),
      );
    }
    expect(Object.values(encoder.variables).map(valuesOf)).toEqual(before);
    expect(tf.memory().numTensors).toBe(count);
    tf.dispose(queries);
    encoder.dispose();
  });

  const refusals: [string, (queries: Record<string, Variable>, other: Variable) => unknown, string][] = [
    ['a momentum above 1', (q) => new MomentumEncoder(q, { momentum: 1.1 }), 'INVALID_OPTION'],
    ['a negative momentum', (q) => new MomentumEncoder(q, { momentum: -0.1 }), 'INVALID_OPTION'],
    ['no momentum', (q) => new MomentumEncoder(q, { momentum: NaN }), 'INVALID_OPTION'],
    [
      'variables of other names',
      (q, other) => new MomentumEncoder(q, { momentum: 1, variables: { other } }),
      'INVALID_SHAPE',
    ],
    [
      'variables of other shapes',
      (q, other) => new MomentumEncoder(q, { momentum: 1, variables: { ...q, bias: other } }),
      'INVALID_SHAPE',
    ],
    [
      'a variable too many',
      (q, other) => new MomentumEncoder(q, { momentum: 1, variables: { ...q, other } }),
      'INVALID_SHAPE',
    ],
  ];
  test.each(refusals)('refuses %s', (_, call, code) => {
    const [queries, other] = [queryVariables('query'), tf.variable(tf.zeros([5]))];
    const count = tf.memory().numTensors;
    expect(() => call(queries, other)).toThrow(expect.objectContaining({ code }));
    expect(tf.memory().numTensors).toBe(count);
    tf.dispose([queries, other]);
  });

  test('refuses integers, a momentum out of range later on, and everything once disposed', async () => {
    const queries = queryVariables('query');
    const integers = tf.variable(tf.zeros([2], 'int32'));
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => new MomentumEncoder([integers], { momentum: 1 })).toThrow(code('INVALID_DTYPE'));
    const encoder = new MomentumEncoder(queries, { momentum: 0.9 });
    expect(() => encoder.update(2)).toThrow(code('INVALID_OPTION'));
    encoder.dispose();
    expect(() => encoder.update()).toThrow(code('DISPOSED'));
    await expect(encoder.toState()).rejects.toThrow(code('DISPOSED'));
    expect(() => encoder.fromState({ tensors: {} })).toThrow(code('DISPOSED'));
    tf.dispose([queries, integers]);
  });

  test('its variables are not what variableGrads differentiates by', () => {
    const weights = tf.variable(sample<tf.Rank.R2>([2, 2], 'weights'));
    const encoder = new MomentumEncoder([weights], { momentum: 0.9 });
    const { value, grads } = tf.variableGrads(() =>
      tf.sum(tf.matMul(weights as Tensor2D, encoder.variables[0] as Tensor2D)),
    );
    expect(Object.keys(grads)).toEqual([weights.name]);
    tf.dispose([value, grads, weights]);
    encoder.dispose();
  });
});
