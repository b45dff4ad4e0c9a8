import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { Piscina } from 'piscina';

import type { BatchOutcome, BatchTask, LoaderPlan } from './loaderPlan.js';

export interface WorkerPoolOptions {
  readonly workers: number;
  /** How many tasks may lie ready at each worker. */
  readonly tasksPerWorker: number;
  readonly module?: WorkerModule;
}

/** What a thread runs. */
export interface WorkerModule {
  readonly filename: string;
  readonly execArgv: string[];
}

/**
 * Threads that make batches. They keep the process alive only while they work. If one of them ends
 * before its tasks are done, or can't start, all end and all tasks are rejected.
 */
export class WorkerPool {
  readonly #pool: Piscina<BatchTask, BatchOutcome>;
  #failure: unknown;
  #closing: Promise<void> | undefined;

  constructor(plan: LoaderPlan, { workers, tasksPerWorker, module = workerModule() }: WorkerPoolOptions) {
    this.#pool = new Piscina({
      ...module,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: tasksPerWorker,
      workerData: plan,
      recordTiming: false,
    });
    // A thread that could not start leaves tasks behind that no other thread would take over.
    this.#pool.on('error', (error) => this.#fail(error));
  }

  /** Whether it has failed, so that another pool is needed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** The threads, for tests that end one. */
  get threads(): Piscina['threads'] {
    return this.#pool.threads;
  }

  async run(task: BatchTask): Promise<BatchOutcome> {
    try {
      return await this.#pool.run(task);
    } catch (error) {
      this.#fail(error);
      // The first failure is the one that tells; those after it only say that the pool ended.
      throw this.#failure ?? error;
    }
  }

  /** Ends the threads at once; tasks that are not done are rejected. */
  close(): Promise<void> {
    return (this.#closing ??= this.#pool.destroy());
  }

  #fail(error: unknown): void {
    if (this.#closing !== undefined) return;
    this.#failure = error;
    void this.close();
  }
}

/** The compiled module or, in development, the TypeScript source through tsx. */
function workerModule(): WorkerModule {
  if (!import.meta.url.endsWith('.ts')) {
    // Not the flags of this process: some, such as --input-type, can't be given to a thread.
    return { filename: fileURLToPath(new URL('./decodeWorker.js', import.meta.url)), execArgv: [] };
  }
  const filename = fileURLToPath(new URL('./decodeWorker.ts', import.meta.url));
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { filename, execArgv: ['--conditions=@protocl/source', '--import', tsx] };
}
