import { serializeError } from '@protocl/core';
import type { RunRecordState, TrainingEvent } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { JsonLines } from './jsonLines.js';
import { LatestWriter } from './latestWriter.js';
import { MetricsCollector, type Metrics } from './metrics.js';
import { createProgress, type Output, type Progress } from './progress.js';
import type { RunFolder } from './runFolder.js';

const SILENT: Progress = { show: () => undefined, print: () => undefined, stop: () => undefined };

/** Takes down what happens in a run: for the log, for the metrics and for whoever watches. */
export class RunRecord {
  readonly #log: JsonLines;
  readonly #progress: Progress;
  readonly #collector = new MetricsCollector();
  readonly #writer: LatestWriter<Metrics>;
  #trained = { images: 0, seconds: 0, last: 0 };

  /** The log goes on where there is one; what was measured comes from the checkpoint alone. */
  constructor(folder: RunFolder, output: Output | undefined) {
    this.#log = new JsonLines(folder.log);
    this.#progress = output ? createProgress({ output }) : SILENT;
    this.#writer = new LatestWriter((metrics) => folder.writeMetrics(metrics));
  }

  /** What of it is saved with a checkpoint, and restored from it. */
  get state(): RunRecordState {
    return this.#collector;
  }

  get metrics(): Metrics {
    return this.#collector.metrics;
  }

  /** Of the steps since this record was opened; null if there were none. */
  get imagesPerSecond(): number | null {
    return this.#trained.seconds === 0 ? null : this.#trained.images / this.#trained.seconds;
  }

  /** A line for people, which the log has too. */
  say(text: string): void {
    this.#log.write({ type: 'message', text });
    this.#progress.print(text);
  }

  /** An entry that only the log has. */
  note(entry: object): void {
    this.#log.write(entry);
  }

  /** @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE` */
  event(event: TrainingEvent, batchSize: number): void {
    this.#log.write(event.type === 'epoch' ? { ...event, ...memoryInUse() } : event);
    this.#measurePace(event, batchSize);
    if (this.#collector.add(event)) this.#writer.put(this.#collector.metrics);
    this.#progress.show(event);
  }

  /** Takes down what ended the run, as far as that is still possible. */
  failure(error: unknown): void {
    try {
      this.#log.write({ type: 'error', error: serializeError(error) });
    } catch {
      // The disk may be what failed; the error itself is thrown on.
    }
  }

  /** A line for people alone. */
  advise(text: string): void {
    this.#progress.stop();
    this.#progress.print(text);
  }

  /** Writes what is left to write. */
  async finish(): Promise<void> {
    this.#progress.stop();
    this.#writer.put(this.#collector.metrics);
    await this.#writer.finish();
  }

  close(): void {
    this.#progress.stop();
    this.#log.close();
  }

  #measurePace(event: TrainingEvent, batchSize: number): void {
    if (event.type !== 'start' && event.type !== 'step') return;
    const position = event.epoch * event.stepsPerEpoch + event.step;
    if (event.type === 'step' && event.imagesPerSecond > 0) {
      const images = (position - this.#trained.last) * batchSize;
      this.#trained.images += images;
      this.#trained.seconds += images / event.imagesPerSecond;
    }
    this.#trained.last = position;
  }
}

/** What a leak would make grow from epoch to epoch. */
function memoryInUse(): { readonly residentBytes: number; readonly tensors: number } {
  return { residentBytes: process.memoryUsage.rss(), tensors: tf.memory().numTensors };
}
