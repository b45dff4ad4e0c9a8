import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, saveCheckpoint, sgd, constant, Trainer } from '@protocl/trainer';
import type { JsonValue, State, TrainerOptions, TrainingEvent } from '@protocl/trainer';

import { startFastest } from './engines.js';
import { temporaryFolder } from './temporaryFolder.js';
import { ToyMethod, toySource } from './toy.js';

beforeAll(startFastest, 600_000);

async function train(folder: string, options: Partial<TrainerOptions>): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  const method = new ToyMethod();
  try {
    const trainer = new Trainer({
      method,
      source: toySource(),
      optimizer: sgd({}),
      schedule: constant({ learningRate: 0.05 }),
      epochs: 2,
      checkpoints: { folder },
      onEvent: (event) => events.push(event),
      ...options,
    });
    await trainer.run();
    return events;
  } finally {
    method.dispose();
  }
}

const resuming = (folder: string, options: Partial<TrainerOptions>) =>
  train(folder, { resume: true, epochs: 3, ...options });

/** What the error says that differs, a line each. */
async function refusal(folder: string, options: Partial<TrainerOptions>): Promise<string[]> {
  const error = await resuming(folder, options).then(
    () => undefined,
    (thrown: unknown) => thrown as Error & { code?: string },
  );
  expect(error?.code).toBe('CHECKPOINT_MISMATCH');
  const [first, ...lines] = error!.message.replace(/\. expected: .*/s, '').split('\n  ');
  expect(first).toBe('the checkpoint was made with other settings or images');
  return lines;
}

const warnings = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

const digest = (letter: string) => letter.repeat(64);
const DATA: JsonValue = {
  train: { images: 64, names: digest('a'), classes: { cat: 40, dog: 24 } },
  test: null,
};

describe('a checkpoint is resumed by a run that is made of the same', () => {
  test('and by no other: the error names everything that differs', async () => {
    const folder = temporaryFolder();
    await train(folder, { data: DATA });
    const data: JsonValue = {
      train: { images: 65, names: digest('b'), classes: { cat: 40, ['__proto__']: 1, dog: 24 } },
      test: { images: 3 },
    };
    expect(await refusal(folder, { data, accumulate: 2 })).toEqual([
      'steps.accumulate was 1, is 2',
      'data.train.images was 64, is 65',
      'data.train.names differs',
      'data.train.classes.__proto__ was not there',
      'data.test was null, is there',
    ]);
    const { size, batchSize, stepsPerEpoch } = toySource();
    const shorter = { ...toySource(), stepsPerEpoch: stepsPerEpoch - 1 };
    expect(await refusal(folder, { data: DATA, source: shorter })).toEqual([
      `steps.stepsPerEpoch was ${stepsPerEpoch}, is ${stepsPerEpoch - 1}`,
    ]);
    expect(await loadCheckpoint(join(folder, 'epoch-0002.safetensors'))).toMatchObject({
      identity: { steps: { images: size, batchSize, stepsPerEpoch, accumulate: 1 }, data: DATA },
    });
    expect(warnings(await resuming(folder, { data: DATA }))).toEqual([]);
  });

  test('classes of any name are compared', async () => {
    const folder = temporaryFolder();
    const named = (names: readonly string[]): JsonValue => Object.fromEntries(names.map((name) => [name, 1]));
    await train(folder, { data: named(['cat', '__proto__']) });
    expect(warnings(await resuming(folder, { data: named(['cat', '__proto__']) }))).toEqual([]);
    expect(await refusal(folder, { data: named(['cat', 'constructor']) })).toEqual([
      'data.__proto__ is no longer there',
      'data.constructor was not there',
    ]);
  });

  test('of many differences the first are named, and the others counted', async () => {
    const folder = temporaryFolder();
    const classes = (value: number): JsonValue =>
      Object.fromEntries(Array.from({ length: 20 }, (_, label) => [label, value]));
    await train(folder, { data: classes(1) });
    const lines = await refusal(folder, { data: classes(2) });
    expect(lines).toHaveLength(13);
    expect(lines.slice(-2)).toEqual(['data.11 was 1, is 2', 'and 8 more']);
  });

  test('the configuration is the caller’s to compare', async () => {
    const folder = temporaryFolder();
    await train(folder, { config: { seed: 1 } });
    const given: JsonValue[] = [];
    const configDifferences = (config: JsonValue) => {
      given.push(config);
      return ['seed was 1, is 2'];
    };
    expect(await refusal(folder, { config: { seed: 2 }, configDifferences })).toEqual(['seed was 1, is 2']);
    expect(given).toEqual([{ seed: 1 }]);
  });

  test('one from before identities were kept is resumed with a warning', async () => {
    const folder = temporaryFolder();
    await train(folder, {});
    const path = join(folder, 'epoch-0002.safetensors');
    const { identity, ...old } = await loadCheckpoint(path);
    expect(identity).toBeDefined();
    await saveCheckpoint(path, old);
    const events = await resuming(folder, { data: DATA });
    expect(warnings(events)).toEqual([expect.stringContaining('cannot be verified')]);
    // What it writes has one.
    expect(warnings(await resuming(folder, { data: DATA, epochs: 4 }))).toEqual([]);
  });
});

describe('the caller’s record', () => {
  /** Takes down the epochs that were trained. */
  class Epochs {
    epochs: JsonValue[] = [];
    toState = (): State => ({ tensors: {}, values: { epochs: [...this.epochs] } });
    fromState = ({ values }: State) => {
      this.epochs = [...(values!['epochs'] as JsonValue[])];
    };
  }

  test('is that of the checkpoint that a run goes on from', async () => {
    const folder = temporaryFolder();
    const run = async (options: Partial<TrainerOptions>, record = new Epochs()) => {
      const onEvent = (event: TrainingEvent) => {
        if (event.type === 'epoch') record.epochs.push(event.epoch);
      };
      await train(folder, { record, onEvent, ...options });
      return record.epochs;
    };
    expect(await run({})).toEqual([1, 2]);
    const stale = new Epochs();
    stale.epochs = [7, 8, 9];
    expect(await run({ resume: true, epochs: 3 }, stale)).toEqual([1, 2, 3]);
  });

  test('that a checkpoint does not have is missing, with a warning', async () => {
    const folder = temporaryFolder();
    await train(folder, {});
    const record = new Epochs();
    expect(warnings(await resuming(folder, { record }))).toEqual([expect.stringContaining('missing')]);
    expect(record.epochs).toEqual([]);
  });
});

test('a new run removes what one that was killed in its first write has left', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.epoch-0001.safetensors.17-0123456789ab.tmp'), 'half a checkpoint');
  await train(folder, {});
  expect(readdirSync(folder).sort()).toEqual(['epoch-0001.safetensors', 'epoch-0002.safetensors']);
});
