import { openCheckpointFolder, type CheckpointFolder } from '#checkpointFolder';
import * as tf from '@tensorflow/tfjs-core';

import { bestOf } from './checkpoints/best.js';
import type { BestCheckpoint, Checkpoint } from './checkpoints/checkpoint.js';
import { checkpointName } from './checkpoints/retention.js';
import { requireSameIdentity, runIdentity, type RunIdentity } from './checkpoints/runIdentity.js';
import { requireSameRun, restoreRecord, restoreRunState, runState } from './checkpoints/runState.js';
import { eventLoopTurn } from './eventLoopTurn.js';
import type { TrainingEvent } from './events.js';
import { GradientMean } from './gradientMean.js';
import type { Figures, Position } from './method.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { Pace } from './pace.js';
import { noBatches, requireBatch } from './requireBatch.js';
import type { LearningRates } from './schedules/schedule.js';
import type { TrainingBatch } from './source.js';
import { StepReadings } from './stepReadings.js';
import { parseTraining, type ParsedTraining, type TrainerOptions } from './trainingOptions.js';

/** How a run ended. */
export interface TrainingResult extends Position {
  /** `stopped`: by the signal, to be resumed from this position. */
  readonly status: 'completed' | 'stopped';
  /** The checkpoint of this position, where checkpoints are written. */
  readonly checkpoint?: string;
  readonly best?: BestCheckpoint;
}

/** Of checkpoints that were written before these were kept. */
const NO_IDENTITY =
  'the checkpoint does not say what images and steps it was made with: that they are the same cannot be verified';
const NO_RECORD = 'the checkpoint does not hold what was measured before it, which is missing from here on';

/** The run is to end here. */
class Stopped extends Error {}

/**
 * Runs a method over epochs of batches: gradients, updates of the weights, evaluations, checkpoints.
 *
 * A run that is stopped or killed at any moment and resumed with the same options ends with the same
 * weights, bit for bit, as one that ran through, on the same machine with as many threads.
 */
export class Trainer {
  readonly #options: TrainerOptions;
  readonly #training: ParsedTraining;
  readonly #learningRate: LearningRates;
  readonly #updatesPerEpoch: number;
  readonly #folder: CheckpointFolder | undefined;
  readonly #identity: RunIdentity;
  readonly #gradients = new GradientMean();
  readonly #readings = new StepReadings();
  #position: Position = { epoch: 0, step: 0 };
  #best: BestCheckpoint | null = null;
  #saved: { position: Position; path: string } | undefined;
  #pace = new Pace();
  /** Of the last update. */
  #rate = 0;
  #started = false;

  /** @throws {ProtoclError} `INVALID_OPTION` for options that cannot work; nothing has then been touched */
  constructor(options: TrainerOptions) {
    this.#options = options;
    this.#training = parseTraining(options);
    const { source, schedule } = options;
    const { epochs, accumulate, checkpoints } = this.#training;
    this.#updatesPerEpoch = Math.ceil(source.stepsPerEpoch / accumulate);
    const batchSize = source.batchSize * accumulate;
    this.#learningRate = schedule({ epochs, updatesPerEpoch: this.#updatesPerEpoch, batchSize });
    this.#folder = checkpoints && openCheckpointFolder(checkpoints);
    this.#identity = runIdentity(source, accumulate, options.data ?? null);
  }

  /**
   * Trains to the end, or until the signal asks to stop: then the step in progress is finished, a
   * checkpoint written and `stopped` returned.
   *
   * @throws {ProtoclError} `LOSS_NOT_FINITE` or `STATE_NOT_FINITE` when training has diverged, and the
   *   last good checkpoint stays; `CHECKPOINT_NONE_USABLE`, `CHECKPOINT_MISMATCH` or
   *   `CHECKPOINT_FOLDER_IN_USE` before anything was trained; `INVALID_BATCH`, `METRIC_MISSING`; what the
   *   source, the method, the evaluation or the disk throw
   */
  async run(): Promise<TrainingResult> {
    if (this.#started) throw new TypeError('a Trainer runs once');
    this.#started = true;
    const { method, source } = this.#options;
    const { epochs } = this.#training;
    const optimizer = this.#options.optimizer(method.variables);
    try {
      const resumedFrom = await this.#begin(optimizer);
      const { stepsPerEpoch } = source;
      this.#tell({
        type: 'start',
        ...this.#position,
        epochs,
        stepsPerEpoch,
        ...(resumedFrom !== undefined && { resumedFrom }),
      });
      if (this.#options.evaluation?.atStart === true && resumedFrom === undefined) await this.#evaluate(0);
      while (this.#position.epoch < epochs) await this.#epoch(optimizer);
      return this.#end('completed');
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      await this.#read();
      if (this.#folder && !this.#isSaved()) await this.#save(optimizer, false);
      return this.#end('stopped');
    } finally {
      this.#gradients.dispose();
      this.#readings.dispose();
      optimizer.dispose();
    }
  }

  async #begin(optimizer: Optimizer): Promise<string | undefined> {
    const { method, resume } = this.#options;
    if (resume === true) {
      const restore = (checkpoint: Checkpoint) => this.#restore(checkpoint, optimizer);
      const path = await this.#folder!.resume(restore, (event) => this.#tell(event));
      if (path !== undefined) {
        this.#saved = { position: this.#position, path };
        return path;
      }
    } else await this.#folder?.begin();
    // A new run takes its own state over as a resumed one does: an engine adds up in an order that depends
    // on how tensors lie in memory, and the two have to agree to the last bit.
    restoreRunState(await runState(method, optimizer), method, optimizer);
    return undefined;
  }

  /** Trains what is left of the epoch, then evaluates and writes a checkpoint where they are due. */
  async #epoch(optimizer: Optimizer): Promise<void> {
    const { epoch, step: firstStep } = this.#position;
    const begun = performance.now();
    const { loss, steps } = await this.#steps(optimizer);
    if (steps === 0 && firstStep === 0) throw noBatches(epoch);

    const trained = epoch + 1;
    this.#position = { epoch: trained, step: 0 };
    const seconds = (performance.now() - begun) / 1000;
    if (steps > 0) this.#tell({ type: 'epoch', epoch: trained, loss, steps, seconds });
    const { evaluation } = this.#options;
    const { epochs, checkpoints } = this.#training;
    const isDue = (every: number) => trained % every === 0 || trained === epochs;
    const before = this.#best;
    if (evaluation && isDue(evaluation.everyEpochs)) {
      const figures = await this.#evaluate(trained);
      const file = checkpointName(this.#position);
      if (checkpoints?.best) this.#best = bestOf(this.#best, figures, file, checkpoints.best);
    }
    const isBest = this.#best !== before;
    if (checkpoints && (isBest || isDue(checkpoints.everyEpochs))) await this.#save(optimizer, isBest);
    if (trained < epochs) this.#stopIfAsked();
  }

  /** Trains what is left of the epoch; returns the mean loss over these steps. */
  async #steps(optimizer: Optimizer): Promise<{ loss: number; steps: number }> {
    const { source, method } = this.#options;
    const { accumulate, readEvery, checkpoints } = this.#training;
    const { epoch, step: firstStep } = this.#position;
    const total = { loss: 0, steps: 0 };
    const read = async () => {
      const { loss, steps } = await this.#read();
      total.loss += loss * steps;
      total.steps += steps;
    };
    this.#stopIfAsked();
    await this.#beforeUpdate();
    this.#pace = new Pace();
    for await (const batch of source.views(epoch, firstStep, method.order?.({ epoch }))) {
      this.#step(batch);
      const { step } = this.#position;
      const isLast = step >= source.stepsPerEpoch;
      if (isLast) break;
      if (this.#gradients.count < accumulate) continue;
      this.#update(optimizer);
      const every = checkpoints?.everySteps ?? Infinity;
      const isDue = Math.floor(step / every) > Math.floor((step - accumulate) / every);
      if (isDue || this.#readings.count >= readEvery) await read();
      if (isDue) await this.#save(optimizer, false);
      // Batches from memory never wait for anything, and signals and timers would wait for them.
      await eventLoopTurn();
      this.#stopIfAsked();
      await this.#beforeUpdate();
    }
    // What is left over at the end makes an update too.
    if (this.#gradients.count > 0) this.#update(optimizer);
    await read();
    return { loss: total.loss / total.steps, steps: total.steps };
  }

  /** One forward and backward pass. */
  #step(batch: TrainingBatch): void {
    const { method, source } = this.#options;
    try {
      requireBatch(batch, source.batchSize, this.#position);
      const steps = this.#position.step + 1;
      const measured = steps % this.#training.readEvery === 0 || steps === source.stepsPerEpoch;
      const { loss, gradients, figures } = method.step(batch, { ...this.#position, measured });
      this.#gradients.add(gradients);
      this.#readings.add({ ...this.#position, loss, figures });
      this.#pace.add(source.batchSize);
      this.#position = { ...this.#position, step: this.#position.step + 1 };
    } finally {
      tf.dispose(batch.views as unknown as tf.Tensor[]);
    }
  }

  /** Changes the weights by the mean gradient since the last time. */
  #update(optimizer: Optimizer): void {
    const { epoch, step } = this.#position;
    const before = Math.ceil(step / this.#training.accumulate) - 1;
    this.#rate = this.#learningRate(epoch * this.#updatesPerEpoch + before);
    const gradients = this.#gradients.take();
    try {
      optimizer.step(gradients, this.#rate);
    } finally {
      tf.dispose(gradients);
    }
    this.#options.method.afterUpdate?.();
  }

  async #beforeUpdate(): Promise<void> {
    const { method, source, signal } = this.#options;
    const begun = performance.now();
    let figures: Figures | undefined;
    try {
      const log = (message: string) => this.#warn(message);
      figures = await method.beforeUpdate?.({ ...this.#position, source, log, ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted === true) throw new Stopped();
      throw error;
    }
    if (figures === undefined) return;
    const milliseconds = performance.now() - begun;
    this.#pace.pause(milliseconds);
    this.#tell({ type: 'expectation', ...this.#position, figures, seconds: milliseconds / 1000 });
  }

  /** Waits for the steps since the last time, and tells of them. */
  async #read(): Promise<{ loss: number; steps: number }> {
    const reading = await this.#readings.read();
    if (reading === undefined) return { loss: 0, steps: 0 };
    const { loss, figures, steps } = reading;
    const { stepsPerEpoch } = this.#options.source;
    const learningRate = this.#rate;
    const imagesPerSecond = this.#pace.lap();
    this.#tell({
      type: 'step',
      ...this.#position,
      stepsPerEpoch,
      loss,
      figures,
      learningRate,
      imagesPerSecond,
    });
    return { loss, steps };
  }

  async #evaluate(epoch: number): Promise<Figures> {
    const begun = performance.now();
    const figures = await this.#options.evaluation!.run(epoch, this.#options.method);
    this.#tell({ type: 'evaluation', epoch, figures, seconds: (performance.now() - begun) / 1000 });
    return figures;
  }

  /** All losses up to here have been read and are good. */
  async #save(optimizer: Optimizer, best: boolean): Promise<void> {
    const begun = performance.now();
    const { method, config = null, record } = this.#options;
    const { path, bytes } = await this.#folder!.save({
      ...this.#position,
      method: method.name,
      optimizer: optimizer.name,
      config,
      best: this.#best,
      identity: this.#identity,
      state: await runState(method, optimizer, record),
    });
    this.#saved = { position: this.#position, path };
    const milliseconds = performance.now() - begun;
    this.#pace.pause(milliseconds);
    this.#tell({ type: 'checkpoint', ...this.#position, path, bytes, best, seconds: milliseconds / 1000 });
  }

  #restore(checkpoint: Checkpoint, optimizer: Optimizer): void {
    const { method, record, configDifferences } = this.#options;
    const isVerified = requireSameIdentity(checkpoint, this.#identity, configDifferences);
    requireSameRun(checkpoint, method, optimizer);
    restoreRunState(checkpoint.state, method, optimizer);
    const { epoch, step, best } = checkpoint;
    this.#position = { epoch, step };
    this.#best = best;
    if (!isVerified) this.#warn(NO_IDENTITY);
    if (record && !restoreRecord(checkpoint.state, record)) this.#warn(NO_RECORD);
  }

  #isSaved(): boolean {
    const { epoch, step } = this.#position;
    return this.#saved?.position.epoch === epoch && this.#saved.position.step === step;
  }

  #end(status: TrainingResult['status']): TrainingResult {
    this.#tell({ type: 'end', status, ...this.#position });
    return {
      status,
      ...this.#position,
      ...(this.#saved && this.#isSaved() && { checkpoint: this.#saved.path }),
      ...(this.#best && { best: this.#best }),
    };
  }

  #stopIfAsked(): void {
    if (this.#options.signal?.aborted === true) throw new Stopped();
  }

  #warn(message: string): void {
    this.#tell({ type: 'warning', ...this.#position, message });
  }

  #tell(event: TrainingEvent): void {
    this.#options.onEvent?.(event);
  }
}
