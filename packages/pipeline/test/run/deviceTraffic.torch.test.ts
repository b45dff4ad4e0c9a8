import { beforeAll, expect, test } from '@jest/globals';
import { augmentBatch, recipes } from '@protocl/augment';
import { useBackend } from '@protocl/backend';
import { randomStream } from '@protocl/core';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { createDeepCluster, createMoco, createPcl, createSimclr, sgd } from '@protocl/trainer';
import type { Method, TrainingBatch, TrainingSource } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

// A GPU is waited for whenever something is read from it. In a step nothing is; the trainer reads losses once in a while.

/** The addon, as far as results come from the device through it. */
interface Addon {
  findOperator(name: string, overload: string): number;
  callOperator(operator: number, ...values: unknown[]): number | number[];
  read(handle: number, into: NodeJS.TypedArray): void;
}

/** Operators whose result, or its size, is known only when the device has come to it. */
const WAITING = /^aten::(item|is_nonzero|nonzero|masked_select|unique|equal)/;

let reads: string[] = [];

beforeAll(async () => {
  // On the CPU, but by what other devices compute with.
  await useBackend('torch', { device: 'cpu:0', threads: 1, log: () => undefined });
  const { addon } = tf.backend() as unknown as { addon: Addon };
  const unwatched = { ...addon };
  const names = new Map<number, string>();
  addon.findOperator = (name, overload) => {
    const number = unwatched.findOperator(name, overload);
    names.set(number, name);
    return number;
  };
  addon.callOperator = (number, ...values) => {
    const name = names.get(number) ?? '';
    if (WAITING.test(name)) reads.push(name);
    return unwatched.callOperator(number, ...values);
  };
  addon.read = (handle, into) => {
    reads.push(`read of ${into.length}`);
    unwatched.read(handle, into);
  };
}, 600_000);

/** What was read from the device meanwhile. */
async function readsOf(body: () => unknown): Promise<string[]> {
  reads = [];
  await body();
  return reads;
}

const SIDE = 16;
const SIZE = 64;
const BATCH = 16;

const pixels = randomStream({ seed: 1, purpose: 'images' }).uniform(SIZE * SIDE ** 2 * 3);
const encoderOptions = { architecture: 'resnet8', width: 8, seed: 1 } as const;

function imagesOf(indices: Int32Array): tf.Tensor4D {
  const image = (index: number) => [...pixels.subarray(index * SIDE ** 2 * 3, (index + 1) * SIDE ** 2 * 3)];
  const values = Float32Array.from([...indices].flatMap(image), (value) => Math.round(255 * value));
  return tf.tensor4d(values, [indices.length, SIDE, SIDE, 3]);
}

function batchOf(epoch: number, first: number): TrainingBatch {
  const indices = Int32Array.from({ length: BATCH }, (_, row) => (first + row) % SIZE);
  const images = imagesOf(indices);
  const recipe = recipes.cifarSimclr({ size: SIDE });
  const view = (which: number) => augmentBatch(images, recipe, { indices, view: which, seed: 1, epoch });
  const views = [view(0), view(1)] as const;
  images.dispose();
  return { views, indices };
}

const source: TrainingSource = {
  size: SIZE,
  batchSize: BATCH,
  stepsPerEpoch: SIZE / BATCH,
  async *views(epoch) {
    for (let first = 0; first < SIZE; first += BATCH) yield batchOf(epoch, first);
  },
  async *plain() {
    for (let first = 0; first < SIZE; first += BATCH) {
      const indices = Int32Array.from({ length: BATCH }, (_, row) => first + row);
      yield { images: imagesOf(indices), indices };
    }
  },
};

const contrast = { source, seed: 1, queue: 48, momentum: 0.9, batchNormSplits: 2 };
const methods: Readonly<Record<string, (encoder: Encoder) => Method>> = {
  pcl: (encoder) =>
    createPcl({
      encoder,
      ...contrast,
      granularities: [20, 24],
      warmupEpochs: 0,
      prototypeNegatives: 2,
      expectation: { redo: 1, minPointsPerCentroid: 1 },
    }),
  moco: (encoder) => createMoco({ encoder, ...contrast }),
  simclr: (encoder) => createSimclr({ encoder }),
  deepcluster: (encoder) => createDeepCluster({ encoder, source, clusters: 4, components: 8 }),
};

test.each(Object.entries(methods))(
  'a step of %s reads nothing',
  async (name, create) => {
    const head =
      name === 'deepcluster' ? ({ kind: 'none' } as const) : ({ kind: 'mlp', dimension: 8 } as const);
    const encoder = createEncoder({ ...encoderOptions, head });
    const method = create(encoder);
    const optimizer = sgd()(method.variables);
    for (let step = 0; step < 3; step++) {
      const position = { epoch: 0, step };
      await method.beforeUpdate?.({ ...position, source, log: () => undefined });
      const seen = await readsOf(() => {
        const batch = batchOf(0, step * BATCH);
        const { loss, gradients, figures } = method.step(batch, { ...position, measured: false });
        optimizer.step(gradients, 0.1);
        method.afterUpdate?.();
        tf.dispose([batch.views, loss, gradients, figures] as unknown as tf.Tensor[]);
      });
      expect(seen).toEqual([]);
    }
    optimizer.dispose();
    method.dispose();
    encoder.dispose();
  },
  120_000,
);
