import type { Encoder } from '@protocl/encoders';
import type * as tf from '@tensorflow/tfjs-core';

import type { TrainingBatch, TrainingSource } from './source.js';
import type { State } from './state.js';

/** Named numbers for the log. */
export type Figures = Readonly<Record<string, number>>;

/** A place in a run: the step with which it goes on. */
export interface Position {
  /** Counted from 0. */
  readonly epoch: number;
  /** Batches of this epoch before it. */
  readonly step: number;
}

export interface UpdateContext extends Position {
  readonly source: TrainingSource;
  /** Asks to give up; what is given up has to leave the method as it was. */
  readonly signal?: AbortSignal;
  /** Takes a warning, one line. */
  readonly log?: (line: string) => void;
}

export interface StepContext extends Position {
  /** Whether the figures that cost something are wanted for this step. */
  readonly measured: boolean;
}

/** What a step gives. The trainer disposes all of it. */
export interface StepResult {
  readonly loss: tf.Scalar;
  /** One for each of the method's variables, under its name. */
  readonly gradients: Readonly<Record<string, tf.Tensor>>;
  /** Parts of the loss, accuracies and the like. */
  readonly figures: Readonly<Record<string, tf.Scalar>>;
}

/** Which cluster each image of the data set is in. */
export interface Clusters {
  /** How many there are. */
  readonly k: number;
  /** int32 [n]; -1 for an image that could not be read. */
  readonly assignments: Int32Array;
}

/** A way to learn features: what the trainer runs. */
export interface Method {
  readonly name: string;
  /** The network that is learned and looked at by evaluations. */
  readonly encoder: Encoder;
  /** What the optimizer changes. */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /**
   * Called before every update of the weights. PCL has its E-step here.
   *
   * @returns figures for the log, where something was done
   */
  beforeUpdate?(context: UpdateContext): Promise<Figures | undefined>;
  /**
   * Called at the start of an epoch, and where a run goes on within one: which images the epoch has, one after
   * the other, in place of each once in random order. DeepCluster draws as many of each cluster.
   *
   * @returns int32 [n], the same for the same epoch and state
   */
  order?(position: Pick<Position, 'epoch'>): Int32Array | undefined;
  /** The loss of a batch and its gradients; the batch stays with the caller. */
  step(batch: TrainingBatch, context: StepContext): StepResult;
  /** Called after every update of the weights. The momentum encoder follows here. */
  afterUpdate?(): void;
  /** The clusters that it learns with at the moment, of each granularity; none before the first are made. */
  clusters?(): readonly Clusters[];
  toState(): Promise<State>;
  fromState(state: State): void;
  dispose(): void;
}
