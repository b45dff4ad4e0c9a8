import {
  augmentBatch,
  decodeCrops,
  imageTensor,
  tuneSharp,
  type AugmentationRecipe,
  type ResolvedRecipe,
} from '@protocl/augment';
import { randomStream } from '@protocl/core';

import { serve, type PreparedTask, type TaskParameters } from '../../harness/serve.js';
import { startEngine } from '../../ours/startEngine.js';

const SIDE = 32;
const VIEWS = [0, 1];

interface ViewsTask {
  readonly batch: number;
  readonly recipe: ResolvedRecipe;
  /** Of the images, in pixels. */
  readonly side?: number;
}

/** Two views of batches that lie in memory as bytes. */
function prepareViews(parameters: TaskParameters): PreparedTask {
  const { batch, recipe, side = SIDE } = parameters as unknown as ViewsTask;
  const shape = [batch, side, side, 3] as const;
  const random = randomStream({ seed: 1, purpose: 'benchmark images' });
  const bytes = Uint8Array.from(random.integers(batch * side * side * 3, 256));
  const indices = Int32Array.from({ length: batch }, (_, i) => i);
  let epoch = 0;
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i++, epoch++) {
        const images = imageTensor(bytes, shape);
        const views = VIEWS.map((view) => augmentBatch(images, recipe, { seed: 1, epoch, view, indices }));
        for (const tensor of [images, ...views]) tensor.dispose();
      }
      return undefined;
    },
  };
}

/** Two crops of a file, as many files at a time as there are threads. */
function prepareFiles(parameters: TaskParameters): PreparedTask {
  const { picture, recipe, threads } = parameters as {
    picture: string;
    recipe: AugmentationRecipe;
    threads: number;
  };
  tuneSharp();
  let epoch = 0;
  return {
    async run(iterations) {
      epoch++;
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < iterations) {
          const index = next++;
          await decodeCrops(picture, recipe, { seed: 1, epoch, index, views: VIEWS.length });
        }
      };
      await Promise.all(Array.from({ length: threads }, work));
      return undefined;
    },
  };
}

const tasks: Readonly<Record<string, (parameters: TaskParameters) => PreparedTask>> = {
  views: prepareViews,
  files: prepareFiles,
};

await serve(async (parameters) => {
  const engine = await startEngine(parameters);
  const prepare = tasks[String(parameters['case'])];
  if (prepare === undefined) throw new Error(`there is no task ${String(parameters['case'])}`);
  return { ...prepare(parameters), ...engine };
});
