import type { SerializedError } from '@protocl/core';

import type { Figures, Position } from './method.js';

/** What happens in a run, as it happens: plain data, told apart by `type`. */
export type TrainingEvent =
  | StartEvent
  | StepEvent
  | ExpectationEvent
  | WarningEvent
  | EvaluationEvent
  | EpochEvent
  | CheckpointEvent
  | CheckpointRejectedEvent
  | EndEvent;

export interface StartEvent extends Position {
  readonly type: 'start';
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** The checkpoint that the run goes on from. */
  readonly resumedFrom?: string;
}

/** Steps since the last such event. */
export interface StepEvent extends Position {
  readonly type: 'step';
  readonly stepsPerEpoch: number;
  /** Means over these steps. */
  readonly loss: number;
  readonly figures: Figures;
  /** Of the last of them. */
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

/** What the method did before an update: PCL's E-step. */
export interface ExpectationEvent extends Position {
  readonly type: 'expectation';
  readonly figures: Figures;
  readonly seconds: number;
}

/** Something that is worth knowing, such as clusters without images. */
export interface WarningEvent extends Position {
  readonly type: 'warning';
  readonly message: string;
}

export interface EvaluationEvent {
  readonly type: 'evaluation';
  /** Epochs that have been trained. */
  readonly epoch: number;
  readonly figures: Figures;
  readonly seconds: number;
}

export interface EpochEvent {
  readonly type: 'epoch';
  /** Epochs that have been trained. */
  readonly epoch: number;
  /** Means over the steps that this process trained of it. */
  readonly loss: number;
  readonly steps: number;
  readonly seconds: number;
}

export interface CheckpointEvent extends Position {
  readonly type: 'checkpoint';
  readonly path: string;
  readonly bytes: number;
  readonly best: boolean;
  readonly seconds: number;
}

/** A checkpoint that could not be used when the run was resumed, so that an older one was tried. */
export interface CheckpointRejectedEvent {
  readonly type: 'checkpointRejected';
  readonly path: string;
  readonly error: SerializedError;
}

export interface EndEvent extends Position {
  readonly type: 'end';
  readonly status: 'completed' | 'stopped';
}
