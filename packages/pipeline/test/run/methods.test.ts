import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { useBackend } from '@protocl/backend';
import { decodeSafetensors } from '@protocl/encoders';
import { resume, train } from '@protocl/pipeline';
import * as tf from '@tensorflow/tfjs-core';

import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

jest.setTimeout(120_000);

const images = { train: syntheticImages(80, 1), test: syntheticImages(40, 2) };

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-methods-'));
  await useBackend('wasm', { log: () => undefined });
});
afterAll(() => rm(parent, { recursive: true }));

const clustering = { iterations: 5, minPointsPerCentroid: 1 };
const methods: [kind: string, changes: Record<string, unknown>][] = [
  ['moco', { method: { kind: 'moco', queue: 64, momentum: 0.9, batchNormSplits: 1 } }],
  ['simclr', { method: { kind: 'simclr' } }],
  [
    'deepcluster',
    {
      method: { kind: 'deepcluster', clusters: 6, components: 4, clustering },
      encoder: { input: 'sobel', head: { kind: 'none' } },
    },
  ],
];

async function weightsOf(run: string): Promise<unknown> {
  return decodeSafetensors(await readFile(join(parent, run, 'encoder.safetensors'))).tensors;
}

test.each(methods)(
  '%s trains, and resumed within an epoch ends as if it had run through',
  async (kind, changes) => {
    const config = tinyConfig({ ...changes, training: { epochs: 2 } });
    const before = tf.memory().numTensors;
    const whole = await train(config, { folder: join(parent, kind), images });
    expect(tf.memory().numTensors).toBe(before);
    expect(whole).toMatchObject({ status: 'completed', epochs: 2 });
    const score = expect.any(Number);
    expect(whole.knn).toMatchObject({ random: score, final: score });
    // Clusters are compared with classes where there are any.
    expect(whole.purities).toEqual(kind === 'deepcluster' ? [{ k: 6, purity: score }] : []);
    const log = await readFile(join(parent, kind, 'log.jsonl'), 'utf8');
    const types = log
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.filter((type) => type === 'expectation')).toHaveLength(kind === 'deepcluster' ? 2 : 0);

    const controller = new AbortController();
    const { output, text } = recorder(false);
    output.on('data', () => {
      if (/epoch 1\/2 \| step 2/.test(text())) controller.abort();
    });
    const run = `${kind} stopped`;
    const stopped = await train(config, {
      folder: join(parent, run),
      images,
      output,
      signal: controller.signal,
    });
    expect(stopped.status).toBe('stopped');
    expect(await resume(join(parent, run), { images })).toMatchObject({
      status: 'completed',
      knn: whole.knn,
    });
    expect(await weightsOf(run)).toEqual(await weightsOf(kind));
  },
);
