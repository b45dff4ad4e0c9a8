import { ProtoclError, requireKnownOptions, type SerializedError } from '@protocl/core';

import type { ImageBatch } from '../batches.js';
import { epochOrder, repeatsOf, requireFirstStep, requireWhole, stepsOf } from '../epochOrder.js';
import { datasetError } from '../errors.js';
import type { ImageFolder, SkippedEntry } from '../folder/imageFolder.js';
import type { EpochOptions, FolderLoader, ViewBatch } from './folderLoader.js';
import type { BatchOutcome, BatchTask, CorruptImage, LoaderPlan } from './loaderPlan.js';
import { WorkerPool } from './workerPool.js';

export interface ThreadedLoaderOptions {
  readonly shuffle: boolean;
  readonly stepsPerEpoch: number;
  readonly workers: number;
  readonly prefetch: number;
  readonly onSkipped: (entry: SkippedEntry) => void;
  readonly signal: AbortSignal | undefined;
}

type MadeBatch = Extract<BatchOutcome, { kind: 'made' }>;

const MOST_EPOCHS = 2 ** 32;
/** Corrupt images that an error names. */
const EXAMPLES = 5;

/** See {@link FolderLoader}. */
export class ThreadedFolderLoader implements FolderLoader {
  readonly stepsPerEpoch: number;
  readonly skipped: SkippedEntry[] = [];
  readonly #folder: ImageFolder;
  readonly #plan: LoaderPlan;
  readonly #options: ThreadedLoaderOptions;
  readonly #corrupt = new Set<number>();
  readonly #onAbort = () => void this.close().catch(() => undefined);
  #pool: WorkerPool | undefined;
  #closing: Promise<void> | undefined;

  constructor(folder: ImageFolder, plan: LoaderPlan, options: ThreadedLoaderOptions) {
    this.stepsPerEpoch = options.stepsPerEpoch;
    this.#folder = folder;
    this.#plan = plan;
    this.#options = options;
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  /** The threads: started when they are needed, and anew after one of them failed. */
  get pool(): WorkerPool {
    if (this.#pool === undefined || this.#pool.hasFailed) {
      const { workers, prefetch } = this.#options;
      this.#pool = new WorkerPool(this.#plan, { workers, tasksPerWorker: Math.ceil(prefetch / workers) });
    }
    return this.#pool;
  }

  epoch(epoch: number, options: EpochOptions = {}): AsyncIterableIterator<ViewBatch> {
    requireKnownOptions('epoch', options, { firstStep: true, order: true });
    const { firstStep = 0, order: given } = options;
    requireWhole('epoch', epoch, 0, MOST_EPOCHS - 1);
    requireFirstStep(firstStep, this.stepsPerEpoch);
    const order = given ? shared(given) : this.#order(epoch, this.#options.shuffle);
    const repeats = given && shared(repeatsOf(given, this.#folder.files.length));
    return this.#epoch({ kind: 'views', epoch, order, repeats }, firstStep);
  }

  plain(): AsyncIterableIterator<ImageBatch> {
    return this.#plain({ kind: 'plain', epoch: 0, order: this.#order(0, false), repeats: undefined });
  }

  close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    return (this.#closing ??= this.#pool?.close() ?? Promise.resolve());
  }

  async *#epoch(
    common: Omit<BatchTask, 'step' | 'cancelled'>,
    firstStep: number,
  ): AsyncGenerator<ViewBatch, void, undefined> {
    for await (const batch of this.#batches(common, firstStep, this.stepsPerEpoch)) {
      const { pixels, indices, repeats, side } = batch;
      const shape = [indices.length, side, side, 3] as const;
      yield { crops: pixels, labels: this.#labels(indices), indices, ...(repeats && { repeats }), shape };
    }
  }

  async *#plain(common: Omit<BatchTask, 'step' | 'cancelled'>): AsyncGenerator<ImageBatch, void, undefined> {
    const steps = stepsOf(this.#folder.files.length, this.#plan.batchSize, false);
    for await (const { pixels, indices, side } of this.#batches(common, 0, steps)) {
      const [images] = pixels;
      if (images === undefined) continue;
      const shape = [indices.length, side, side, 3] as const;
      yield { images, labels: this.#labels(indices), indices, shape };
    }
  }

  /** Has the batches made ahead of their use, `prefetch` at a time, and hands them out in order. */
  async *#batches(
    common: Omit<BatchTask, 'step' | 'cancelled'>,
    firstStep: number,
    steps: number,
  ): AsyncGenerator<MadeBatch, void, undefined> {
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    const pending: Promise<BatchOutcome>[] = [];
    let next = firstStep;
    const fill = () => {
      while (next < steps && pending.length < this.#options.prefetch) {
        const outcome = this.pool.run({ ...common, step: next++, cancelled });
        // Whether it fails is told when its turn comes.
        outcome.catch(() => undefined);
        pending.push(outcome);
      }
    };
    try {
      for (let step = firstStep; step < steps; step++) {
        this.#requireOpen();
        fill();
        const made = await this.#result(pending[0]!);
        void pending.shift();
        fill();
        yield made;
      }
    } finally {
      Atomics.store(cancelled, 0, 1);
    }
  }

  async #result(pending: Promise<BatchOutcome>): Promise<MadeBatch> {
    let outcome: BatchOutcome;
    try {
      outcome = await pending;
    } catch (cause) {
      this.#requireOpen();
      throw datasetError('WORKER_FAILED', {
        message: 'a worker thread that decodes images ended, or could not start',
        given: cause instanceof Error ? cause.message : String(cause),
        expected: 'that it lives as long as the loader',
        remedy: 'Resume from the last checkpoint; if it happens again, use fewer workers or smaller batches',
        cause,
      });
    }
    this.#requireOpen();
    if (outcome.kind === 'failed') throw fromThread(outcome.error);
    if (outcome.kind === 'cancelled') throw closedError();
    this.#note(outcome.corrupt);
    if (this.#corrupt.size > this.#plan.mostCorrupt || outcome.kind === 'spoilt')
      throw this.#tooManyCorrupt();
    return outcome;
  }

  #note(corrupt: readonly CorruptImage[]): void {
    for (const { index, reason } of corrupt) {
      if (this.#corrupt.has(index)) continue;
      this.#corrupt.add(index);
      const entry = { path: this.#folder.files[index]!, reason };
      this.skipped.push(entry);
      this.#options.onSkipped(entry);
    }
  }

  #tooManyCorrupt(): Error {
    const { mostCorrupt, batchSize } = this.#plan;
    const count = this.#folder.files.length;
    const examples = this.skipped.slice(0, EXAMPLES).map(({ path, reason }) => `${path} (${reason})`);
    const isOverShare = this.#corrupt.size > mostCorrupt;
    return datasetError('TOO_MANY_CORRUPT', {
      message: isOverShare
        ? `${this.#corrupt.size} images of ${this.#folder.path} can't be used`
        : `too few images of ${this.#folder.path} can be used to fill a batch`,
      given: examples.join('; '),
      expected: isOverShare ? `at most ${mostCorrupt} of ${count}` : `${batchSize} images that can be used`,
      remedy: isOverShare
        ? 'Remove or repair them, or raise maxCorruptShare'
        : 'Remove or repair them, or make the batches smaller',
    });
  }

  #requireOpen(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#closing !== undefined) throw closedError();
  }

  #order(epoch: number, shuffle: boolean): Int32Array<SharedArrayBuffer> {
    return shared(epochOrder(this.#folder.files.length, { seed: this.#plan.seed, epoch, shuffle }));
  }

  #labels(indices: Int32Array): Int32Array {
    return indices.map((index) => this.#folder.labels[index]!);
  }
}

function closedError(): Error {
  return datasetError('LOADER_CLOSED', {
    message: 'the loader is closed',
    expected: 'batches to be taken before close() is called',
    remedy: 'Create another loader',
  });
}

/** An error that came from a thread as plain data. */
function fromThread({ code = 'WORKER_FAILED', message, ...parts }: SerializedError): Error {
  const { given, expected, remedy, cause } = parts;
  const error = new ProtoclError(code, {
    ...(given !== undefined && { given }),
    ...(expected !== undefined && { expected }),
    ...(remedy !== undefined && { remedy }),
    ...(cause !== undefined && { cause }),
  });
  // It is composed of the parts already.
  error.message = message;
  return error;
}

/** A copy that threads can read. */
function shared(values: Int32Array): Int32Array<SharedArrayBuffer> {
  const copy = new Int32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
