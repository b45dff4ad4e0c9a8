import { trainerError } from '../errors.js';
import type { Method } from '../method.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { joinStates, statePart, type State } from '../state.js';
import type { Checkpoint } from './checkpoint.js';

/** Everything that training changes, under the prefixes `method` and `optimizer`. */
export async function runState(method: Method, optimizer: Optimizer): Promise<State> {
  const [ofMethod, ofOptimizer] = await Promise.all([method.toState(), optimizer.toState()]);
  return joinStates({ method: ofMethod, optimizer: ofOptimizer });
}

/** Takes over what {@link runState} gave. */
export function restoreRunState(state: State, method: Method, optimizer: Optimizer): void {
  method.fromState(statePart(state, 'method'));
  optimizer.fromState(statePart(state, 'optimizer'));
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
