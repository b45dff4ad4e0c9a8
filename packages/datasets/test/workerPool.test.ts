import { expect, jest, test } from '@jest/globals';

import type { BatchTask, LoaderPlan } from '../src/loader/loaderPlan.js';
import { packPaths } from '../src/loader/packedPaths.js';
import { WorkerPool } from '../src/loader/workerPool.js';
import { recipe } from './recipe.js';
import { temporaryFolder } from './temporaryFolder.js';

jest.setTimeout(60_000);

const folder = temporaryFolder();

const plan: LoaderPlan = {
  root: '',
  paths: packPaths([]),
  recipe,
  seed: 0,
  views: 1,
  batchSize: 1,
  maxPixels: 1,
  mostCorrupt: 0,
};
const task: BatchTask = {
  kind: 'plain',
  epoch: 0,
  step: 0,
  order: new Int32Array(new SharedArrayBuffer(0)),
  repeats: undefined,
  cancelled: new Int32Array(new SharedArrayBuffer(4)),
};

test.each([
  ['cannot start', 'throw new Error("wrong at the start");', 'wrong at the start'],
  ['ends while it works', 'export default () => process.exit(3);', 'exited with code: 3'],
])('a thread that %s fails all tasks, those in the queue too', async (_name, source, reason) => {
  const filename = await folder.write('worker.mjs', source);
  const pool = new WorkerPool(plan, { workers: 2, tasksPerWorker: 1, module: { filename, execArgv: [] } });
  const runs = await Promise.allSettled(Array.from({ length: 5 }, () => pool.run(task)));
  for (const run of runs) {
    expect(run.status).toBe('rejected');
    expect(String((run as PromiseRejectedResult).reason)).toContain(reason);
  }
  expect(pool.hasFailed).toBe(true);
  await pool.close();
  expect(pool.threads).toHaveLength(0);
});
