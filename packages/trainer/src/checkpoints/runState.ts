import { isProtoclError } from '@protocl/core';

import { trainerError } from '../errors.js';
import type { Method } from '../method.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { joinStates, statePart, type State } from '../state.js';
import type { Checkpoint } from './checkpoint.js';

/** What a caller takes down of a run, such as what was measured: saved with it, and restored with it. */
export interface RunRecordState {
  toState(): State;
  /** Takes over what `toState` gave when the checkpoint was made. */
  fromState(state: State): void;
}

const RECORD = 'record';

/** Everything that training changes, under the prefixes `method` and `optimizer`, and the caller's record. */
export async function runState(
  method: Method,
  optimizer: Optimizer,
  record?: RunRecordState,
): Promise<State> {
  const [ofMethod, ofOptimizer] = await Promise.all([method.toState(), optimizer.toState()]);
  return joinStates({
    method: ofMethod,
    optimizer: ofOptimizer,
    ...(record && { [RECORD]: record.toState() }),
  });
}

/**
 * Restores what the caller had taken down.
 *
 * @returns whether the checkpoint has it
 */
export function restoreRecord(state: State, record: RunRecordState): boolean {
  const part = statePart(state, RECORD);
  const isThere = Object.keys({ ...part.tensors, ...part.values }).length > 0;
  if (isThere) record.fromState(part);
  return isThere;
}

/** What encoders, queues and prototypes say to the state of others. */
const FOREIGN_STATE = ['WEIGHTS_MISMATCH', 'STATE_MISMATCH'];

/**
 * Takes over what {@link runState} gave.
 *
 * @throws {ProtoclError} `CHECKPOINT_MISMATCH` if it is of a run with other settings; some of it may have been taken over
 */
export function restoreRunState(state: State, method: Method, optimizer: Optimizer): void {
  try {
    method.fromState(statePart(state, 'method'));
    optimizer.fromState(statePart(state, 'optimizer'));
  } catch (cause) {
    if (!isProtoclError(cause) || !FOREIGN_STATE.includes(cause.code)) throw cause;
    throw trainerError('CHECKPOINT_MISMATCH', {
      message: `the checkpoint was made with other settings: ${cause.message}`,
      expected: 'one of a run like this one',
      remedy: 'Resume with the settings that it was made with',
      cause,
    });
  }
}

/** @throws {ProtoclError} `CHECKPOINT_MISMATCH` if a checkpoint is of another method or optimizer */
export function requireSameRun(checkpoint: Checkpoint, method: Method, optimizer: Optimizer): void {
  const given = `method ${checkpoint.method}, optimizer ${checkpoint.optimizer}`;
  const expected = `method ${method.name}, optimizer ${optimizer.name}`;
  if (given === expected) return;
  throw trainerError('CHECKPOINT_MISMATCH', {
    message: 'the checkpoint was made by another method or optimizer',
    given,
    expected,
    remedy: 'Resume with the settings that it was made with',
  });
}
