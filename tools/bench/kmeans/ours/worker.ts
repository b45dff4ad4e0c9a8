import { readFile } from 'node:fs/promises';

import { kmeans } from '@protocl/clustering';
import * as tf from '@tensorflow/tfjs-core';

import { serve, type PreparedTask, type TaskParameters } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';
import type { KMeansTask } from '../cases.js';
import { prepareLloyd } from './lloyd.js';

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  const prepare = parameters['case'] === 'lloyd' ? prepareLloyd : prepareClustering;
  return { ...(await prepare(parameters)), ...engine };
});

/** Whole clusterings of the points of a file. */
async function prepareClustering(parameters: TaskParameters): Promise<PreparedTask> {
  const {
    points,
    n,
    dimension,
    k,
    iterations,
    redo,
    seed = 1,
  } = parameters as unknown as KMeansTask & { points: string; seed?: number };
  const bytes = await readFile(points);
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  const features = tf.tensor2d(values, [n, dimension]);
  return {
    async run(times) {
      let objective = 0;
      for (let i = 0; i < times; i++) {
        const result = await kmeans(features, { k, iterations, redo, seed });
        objective = result.objective;
        result.centroids.dispose();
      }
      return { objective };
    },
  };
}
