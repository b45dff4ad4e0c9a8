import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { Piscina } from 'piscina';

import type { BatchOutcome, BatchTask, LoaderPlan } from './loaderPlan.js';

export interface WorkerPoolOptions {
  readonly workers: number;
  /** How many tasks may lie ready at each worker. */
  readonly tasksPerWorker: number;
}

/**
 * Threads that make batches. They keep the process alive only while they work. A thread that ends
 * takes its tasks with it and is replaced.
 */
export class WorkerPool {
  readonly #pool: Piscina<BatchTask, BatchOutcome>;

  constructor(plan: LoaderPlan, { workers, tasksPerWorker }: WorkerPoolOptions) {
    this.#pool = new Piscina({
      ...workerModule(),
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: tasksPerWorker,
      workerData: plan,
      recordTiming: false,
    });
    // A thread that fails without a task fails with the next one too, which then tells.
    this.#pool.on('error', () => undefined);
  }

  /** The threads, for tests that end one. */
  get threads(): Piscina['threads'] {
    return this.#pool.threads;
  }

  run(task: BatchTask): Promise<BatchOutcome> {
    return this.#pool.run(task);
  }

  /** Ends the threads at once; tasks that are not done are rejected. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** What a thread runs: the compiled module or, in development, the TypeScript source through tsx. */
function workerModule(): { filename: string; execArgv: string[] } {
  const isSource = import.meta.url.endsWith('.ts');
  const filename = fileURLToPath(new URL(isSource ? 'decodeWorker.ts' : 'decodeWorker.js', import.meta.url));
  // Not the flags of this process: some, such as --input-type, can't be given to a thread.
  if (!isSource) return { filename, execArgv: [] };
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { filename, execArgv: ['--conditions=@protocl/source', '--import', tsx] };
}
