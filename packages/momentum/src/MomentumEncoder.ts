import { exponentialMovingAverageStep } from '@protocl/backend';
import { requireKnownOptions } from '@protocl/core/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';

import { disposedError, momentumError } from './errors.js';
import { readTensors, tensorsOfState } from './state.js';
import type { State } from './state.js';

/** Variables by name, or in an order. */
export type VariableSet = Readonly<Record<string, Variable>> | readonly Variable[];

/** As many variables, under the same names or in the same order. */
export type FollowingVariables<Variables extends VariableSet> = Variables extends readonly Variable[]
  ? readonly Variable[]
  : Readonly<Record<keyof Variables, Variable>>;

/** What a {@link MomentumEncoder} is made with. */
export interface MomentumEncoderOptions {
  /** The share of the old average that an update keeps, 0 to 1; 0.999 for ImageNet. */
  readonly momentum: number;
  /**
   * The variables that follow, under the same names or in the same order: those of a second encoder
   * of the same architecture. They stay their owner's. Default: copies, which are this object's.
   */
  readonly variables?: VariableSet;
}

/**
 * The weights of the momentum encoder: variables that follow those of the query encoder as their
 * exponential moving average, key = momentum * key + (1 - momentum) * query.
 *
 * They begin equal to the query's and are never trained. Statistics of batch norm are not among them:
 * each encoder gathers its own.
 *
 * Source: He et al., "Momentum Contrast", CVPR 2020, equation 2.
 */
export class MomentumEncoder<Variables extends VariableSet = VariableSet> {
  /** float32 variables, named or ordered as the query's. */
  readonly variables: FollowingVariables<Variables>;
  /** The momentum of {@link update} where it gets none. */
  readonly momentum: number;
  readonly #averages: Readonly<Record<string, Variable>>;
  readonly #queries: readonly Variable[];
  readonly #ownsVariables: boolean;
  #disposed = false;

  /**
   * @param queryVariables float32 variables of any shapes; they stay their owner's
   * @throws MomentumError `INVALID_OPTION`, `INVALID_SHAPE` or `INVALID_DTYPE`
   */
  constructor(queryVariables: Variables, options: MomentumEncoderOptions) {
    requireKnownOptions('MomentumEncoder', options, { momentum: true, variables: true });
    const { momentum, variables } = options;
    requireMomentum(momentum);
    const queries = byName(queryVariables);
    requireFloats('queryVariables', queries);
    const others = variables && byName(variables);
    if (others !== undefined) requireSameVariables(queries, others);
    const follow = ([name, query]: [string, Variable]): [string, Variable] => {
      const average = others?.[name] ?? tf.variable(query, false);
      average.assign(query);
      return [name, average];
    };
    this.momentum = momentum;
    this.#queries = Object.values(queries);
    this.#averages = Object.fromEntries(Object.entries(queries).map(follow));
    this.#ownsVariables = variables === undefined;
    this.variables = (
      Array.isArray(queryVariables) ? Object.values(this.#averages) : this.#averages
    ) as typeof this.variables;
  }

  /**
   * Moves all variables towards the query's, in one call and in place where the backend can.
   *
   * @param momentum for this update, as in a schedule
   * @throws MomentumError `INVALID_OPTION` or `DISPOSED`
   */
  update(momentum = this.momentum): void {
    this.#requireAlive();
    requireMomentum(momentum);
    exponentialMovingAverageStep(Object.values(this.#averages), this.#queries, { momentum });
  }

  /** The variables' values, bit for bit, as they are now. */
  async toState(): Promise<State> {
    this.#requireAlive();
    return { tensors: await readTensors(this.#averages) };
  }

  /**
   * Sets the variables to the values of a state; all of them, or none if something does not fit.
   *
   * @throws MomentumError `STATE_MISMATCH` or `DISPOSED`
   */
  fromState(state: State): void {
    this.#requireAlive();
    const averages = Object.entries(this.#averages);
    const shapes = Object.fromEntries(averages.map(([name, average]) => [name, average.shape]));
    const values = tensorsOfState('momentum encoder', state, shapes);
    averages.forEach(([, average], position) => average.assign(values[position]!));
    tf.dispose(values);
  }

  /** Disposes the variables, unless they are another encoder's. */
  dispose(): void {
    if (!this.#disposed && this.#ownsVariables) tf.dispose(Object.values(this.#averages));
    this.#disposed = true;
  }

  #requireAlive(): void {
    if (this.#disposed) throw disposedError('momentum encoder');
  }
}

/** The variables under their names; those of a list under their positions. */
function byName(variables: VariableSet): Record<string, Variable> {
  return Object.fromEntries(Object.entries(variables));
}

function requireMomentum(momentum: number): void {
  if (momentum >= 0 && momentum <= 1) return;
  throw momentumError('INVALID_OPTION', {
    message: 'a momentum encoder cannot use this momentum',
    given: momentum,
    expected: 'a number from 0 to 1',
    remedy: 'Use a value such as 0.99 or 0.999',
  });
}

function requireFloats(what: string, variables: Readonly<Record<string, Variable>>): void {
  for (const [name, variable] of Object.entries(variables)) {
    if (variable.dtype === 'float32') continue;
    throw momentumError('INVALID_DTYPE', {
      message: `a momentum encoder averages float32 variables, and ${name} of ${what} is of another dtype`,
      given: variable.dtype,
      expected: 'float32',
    });
  }
}

function requireSameVariables(
  queries: Readonly<Record<string, Variable>>,
  averages: Readonly<Record<string, Variable>>,
): void {
  requireFloats('variables', averages);
  const describe = (variables: Readonly<Record<string, Variable>>, name: string) =>
    variables[name] === undefined ? `no ${name}` : `${name} [${variables[name].shape}]`;
  for (const name of Object.keys({ ...queries, ...averages })) {
    const [given, expected] = [describe(averages, name), describe(queries, name)];
    if (given === expected) continue;
    throw momentumError('INVALID_SHAPE', {
      message: 'the variables of a momentum encoder have to be like those of the query encoder',
      given,
      expected,
      remedy: 'Make both encoders with the same options',
    });
  }
}
