import { expect, test } from '@jest/globals';
import { constant, cosine, sgd, Trainer } from '@protocl/trainer';
import type { StepContext, TrainerOptions, TrainingEvent, TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { describeOnEveryEngine } from './engines.js';
import { ToyMethod, toySource } from './toy.js';

interface ToyRun {
  readonly method: ToyMethod;
  readonly events: TrainingEvent[];
}

async function train(
  options: Partial<TrainerOptions> = {},
  method = new ToyMethod(),
): Promise<ToyRun & { result: Awaited<ReturnType<Trainer['run']>> }> {
  const events: TrainingEvent[] = [];
  const trainer = new Trainer({
    method,
    source: toySource(),
    optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }),
    schedule: cosine({ learningRate: 0.05 }),
    epochs: 2,
    readEvery: 5,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { method, events, result: await trainer.run() };
}

describeOnEveryEngine('Trainer', () => {
  test('tells what happens, in order', async () => {
    const measured: number[] = [];
    const onStep = (context: StepContext) => {
      if (context.measured && context.epoch === 0) measured.push(context.step);
    };
    const { events, method, result } = await train(
      { evaluation: { everyEpochs: 2, atStart: true, run: async (epoch) => ({ accuracy: epoch / 10 }) } },
      new ToyMethod({ onStep }),
    );
    expect(events.map(({ type }) => type)).toEqual(
      'start evaluation expectation step step step epoch expectation step step step epoch evaluation end'.split(
        ' ',
      ),
    );
    expect(events[0]).toEqual({ type: 'start', epoch: 0, step: 0, epochs: 2, stepsPerEpoch: 12 });
    expect(events[1]).toMatchObject({ epoch: 0, figures: { accuracy: 0 } });
    expect(events[2]).toMatchObject({ epoch: 0, step: 0, figures: { expectations: 1 } });
    const steps = events.filter((event) => event.type === 'step');
    expect(steps.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 5],
      [0, 10],
      [0, 12],
      [1, 5],
      [1, 10],
      [1, 12],
    ]);
    // The rate of the last update before the event, on the cosine over 24 updates.
    const rates = [4, 9, 11, 16, 21, 23].map((update) => 0.025 * (1 + Math.cos((Math.PI * update) / 24)));
    steps.forEach(({ learningRate }, index) => expect(learningRate).toBeCloseTo(rates[index]!, 10));
    expect(steps.every(({ imagesPerSecond }) => imagesPerSecond > 0)).toBe(true);
    expect(steps[0]!.loss).toBeCloseTo(steps[0]!.figures['error']!, 5);
    // Costly figures are of the step that completes a reading alone.
    expect(measured).toEqual([4, 9, 11]);
    for (const { figures } of steps) expect(figures['root']).toBeGreaterThan(0);
    expect(steps.at(-1)!.loss).toBeLessThan(0.2 * steps[0]!.loss);
    const epochs = events.filter((event) => event.type === 'epoch');
    const mean = (5 * steps[0]!.loss + 5 * steps[1]!.loss + 2 * steps[2]!.loss) / 12;
    expect(epochs[0]).toMatchObject({ epoch: 1, steps: 12 });
    expect(epochs[0]!.loss).toBeCloseTo(mean, 5);
    expect(events.at(-2)).toMatchObject({ epoch: 2, figures: { accuracy: 0.2 } });
    expect(result).toEqual({ status: 'completed', epoch: 2, step: 0 });
    method.dispose();
  });

  test('accumulated gradients are those of one large batch', async () => {
    const large = await train({ source: toySource({ batchSize: 12 }) });
    const small = await train({ source: toySource({ batchSize: 4 }), accumulate: 3 });
    const single = await train({ source: toySource({ batchSize: 4 }) });
    const expected = large.method.weights();
    const distance = (run: ToyRun) =>
      Math.max(...run.method.weights().map((value, index) => Math.abs(value - expected[index]!)));
    expect(distance(small)).toBeLessThan(1e-6);
    expect(distance(single)).toBeGreaterThan(1e-3);
    [large, small, single].forEach(({ method }) => method.dispose());
  });

  test('what is left of an epoch makes an update with its own mean', async () => {
    // Twelve batches by fives: updates of 5, 5 and 2. With a rate of 0 after the first update nothing moves.
    const rates: number[] = [];
    const schedule: TrainerOptions['schedule'] = ({ updatesPerEpoch, batchSize }) => {
      expect([updatesPerEpoch, batchSize]).toEqual([3, 20]);
      return (update) => (rates.push(update), update === 2 ? 0.5 : 0);
    };
    const plain = sgd({ momentum: 0, weightDecay: 0 });
    const five = await train({ accumulate: 5, epochs: 1, schedule, optimizer: plain });
    expect(rates).toEqual([0, 1, 2]);
    // The same two batches as one.
    const source = toySource();
    const method = new ToyMethod();
    const gradients: tf.Tensor[] = [];
    for await (const batch of source.views(0, 10)) {
      const result = method.step(batch, { epoch: 0, step: 0, measured: false });
      gradients.push(result.gradients['fc.weight']!);
      tf.dispose([result.loss, result.figures, result.gradients['fc.bias']!, [...batch.views]]);
    }
    const expected = tf.tidy(() => tf.sub(0.1, tf.mul(tf.mean(tf.stack(gradients), 0), 0.5)).dataSync());
    const actual = five.method.variables['fc.weight'].dataSync();
    actual.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 5));
    tf.dispose(gradients);
    method.dispose();
    five.method.dispose();
  });

  test('memory is flat, and everything but the method is freed', async () => {
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    const method = new ToyMethod({ onStep: () => counts.push(tf.memory().numTensors) });
    const source = toySource();
    await train({ source, epochs: 4, readEvery: 1 }, method);
    // Fewer before the first reading than after it is impossible: nothing is kept from step to step.
    expect(new Set(counts).size).toBe(1);
    method.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a loss that is not finite stops the run, and frees everything', async () => {
    const before = tf.memory().numTensors;
    const method = new ToyMethod({ poison: ({ epoch, step }) => epoch === 1 && step === 3 });
    await expect(train({}, method)).rejects.toMatchObject({
      code: 'LOSS_NOT_FINITE',
      message: expect.stringContaining('step 3 of epoch 1'),
      given: Number.NaN,
    });
    method.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a warning of the method is told', async () => {
    const method = new ToyMethod({
      onUpdate: ({ step, log }) => {
        if (step === 3) log!('few images');
      },
    });
    const { events } = await train({ epochs: 1 }, method);
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', epoch: 0, step: 3, message: 'few images' },
    ]);
    method.dispose();
  });

  test('a method or a source that fails takes no tensor with it', async () => {
    const before = tf.memory().numTensors;
    const failing = new ToyMethod({
      onStep: ({ step }) => {
        if (step === 4) throw new Error('no such thing');
      },
    });
    await expect(train({ accumulate: 3 }, failing)).rejects.toThrow('no such thing');
    failing.dispose();
    const source = toySource();
    const cut: TrainingSource = {
      ...source,
      async *views(epoch, first) {
        for await (const batch of source.views(epoch, first)) yield batch;
        throw new Error('the disk is gone');
      },
      stepsPerEpoch: 13,
    };
    const method = new ToyMethod();
    await expect(train({ source: cut }, method)).rejects.toThrow('the disk is gone');
    method.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('a source may end an epoch early, but not give nothing or other batches', async () => {
  const source = toySource();
  const early = await train({ source: { ...source, stepsPerEpoch: 20 }, epochs: 1 });
  expect(early.events.find(({ type }) => type === 'epoch')).toMatchObject({ steps: 12 });
  early.method.dispose();

  const refused = async (changed: Partial<TrainingSource>) => {
    const method = new ToyMethod();
    await expect(train({ source: { ...source, ...changed } }, method)).rejects.toMatchObject({
      code: 'INVALID_BATCH',
    });
    method.dispose();
  };
  await refused({ async *views() {} });
  await refused({ batchSize: 5 });
});

const refusals: [string, Partial<TrainerOptions>, string, string?][] = [
  ['no epochs', { epochs: 0 }, 'epochs'],
  ['half a batch', { accumulate: 0.5 }, 'accumulate'],
  ['a batch larger than the data set', { source: toySource({ size: 3, batchSize: 4 }) }, 'source.batchSize'],
  ['an epoch without steps', { source: { ...toySource(), stepsPerEpoch: 0 } }, 'source.stepsPerEpoch'],
  [
    'evaluations at no time',
    { evaluation: { everyEpochs: 0, run: async () => ({}) } },
    'evaluation.everyEpochs',
  ],
  [
    'a best checkpoint without evaluation',
    { checkpoints: { folder: 'x', best: { metric: 'knn' } } },
    'metric',
  ],
  ['to resume from nowhere', { resume: true }, 'resume'],
  [
    'a key that nobody knows',
    { checkpoints: { folder: 'x', keepFirst: 1 } as never },
    'keepFirst',
    'UNKNOWN_OPTION',
  ],
  [
    'an option of the evaluation that there is not',
    { evaluation: { everyEpoch: 1, run: () => Promise.resolve({}) } as never },
    'one of everyEpochs, atStart, run. Did you mean everyEpochs?',
    'UNKNOWN_OPTION',
  ],
  ['a warm-up longer than the run', { schedule: constant({ learningRate: 1, warmupEpochs: 2 }) }, 'warm-up'],
];
test.each(refusals)('refuses %s before anything starts', (_, options, mentioned, code = 'INVALID_OPTION') => {
  const method = new ToyMethod();
  const create = () =>
    new Trainer({
      method,
      source: toySource(),
      optimizer: sgd(),
      schedule: constant({ learningRate: 1 }),
      epochs: 2,
      ...options,
    });
  expect(create).toThrow(expect.objectContaining({ code }));
  expect(create).toThrow(mentioned);
  method.dispose();
});
