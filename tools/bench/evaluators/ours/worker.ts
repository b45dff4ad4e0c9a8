import { readFile } from 'node:fs/promises';

import { adjustedMutualInformation } from '@protocl/clustering';
import {
  knnAccuracy,
  linearProbe,
  linearSvm,
  trustworthiness,
  tsne,
  type LabelledFeatures,
} from '@protocl/evaluators';
import * as tf from '@tensorflow/tfjs-core';

import { serve } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';
import type { EvaluatorName, EvaluatorTask } from '../cases.js';
import { blobFiles } from '../writeBlobs.js';

type Part = LabelledFeatures & { readonly labels: Int32Array };

/** What the files hold of a task. */
interface Data {
  readonly train: Part;
  readonly test: Part;
  readonly clusters: Int32Array;
}

/** One evaluation; `check` asks for scores that are not part of what is timed. */
type Evaluate = (data: Data, task: EvaluatorTask, check: boolean) => Promise<readonly number[]>;

const evaluate: Readonly<Record<EvaluatorName, Evaluate>> = {
  ami: async ({ train, clusters }) => [adjustedMutualInformation(clusters, train.labels)],
  async knn({ train, test }, { neighbours, temperature }) {
    return (await knnAccuracy(train, test, { k: neighbours, temperature })).accuracies;
  },
  async logistic({ train, test }, { l2 }) {
    const { accuracy, loss } = await linearProbe(train, test, { l2 });
    return [accuracy, loss];
  },
  async svm({ train, test }, { cost }) {
    const classWeight = { positive: 1, negative: 1 };
    const { scores, model } = await linearSvm(train, test, { cost, classWeight, normalize: false });
    return [scores['accuracy']!, model.objectives.reduce((sum, objective) => sum + objective, 0)];
  },
  async tsne({ train }, { perplexity }, check) {
    const { embedding, scores } = await tsne(train.features, { perplexity });
    if (!check) return [scores.divergence];
    const points = tf.tensor2d(embedding, [embedding.length / 2, 2]);
    const trust = await trustworthiness(train.features, points);
    points.dispose();
    return [scores.divergence, trust];
  },
};

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  const task = parameters as unknown as EvaluatorTask & { readonly folder: string; readonly check?: boolean };
  const data = await read(task);
  return {
    ...engine,
    async run(times) {
      let scores: readonly number[] = [];
      for (let i = 0; i < times; i++)
        scores = await evaluate[task.evaluator](data, task, task.check ?? false);
      return { scores };
    },
  };
});

async function read(task: EvaluatorTask & { readonly folder: string }): Promise<Data> {
  const { folder, n, heldOut, dimension } = task;
  const files = blobFiles(folder);
  const buffer = async (path: string) => new Uint8Array(await readFile(path)).buffer;
  const labels = new Int32Array(await buffer(files.labels));
  const clusters = new Int32Array(await buffer(files.clusters));
  const values = new Float32Array(await buffer(files.features));
  const part = (start: number, count: number): Part => ({
    features: tf.tensor2d(values.slice(start * dimension, (start + count) * dimension), [count, dimension]),
    labels: labels.slice(start, start + count),
  });
  return {
    train: part(0, n),
    test: part(labels.length - heldOut, heldOut),
    clusters: clusters.slice(0, n),
  };
}
