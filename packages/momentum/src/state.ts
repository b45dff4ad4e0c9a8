import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

import { momentumError } from './errors.js';

/** The values of a tensor, apart from any backend. */
export interface TensorState {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly data: Float32Array | Int32Array;
}

/** What JSON can hold. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** All that an object needs to go on where another one was: plain data for a checkpoint. */
export interface State {
  readonly tensors: Readonly<Record<string, TensorState>>;
  readonly values?: Readonly<Record<string, JsonValue>>;
}

/** The values of float32 tensors as they are at the call, whatever becomes of them while they are read. */
export async function readTensors(
  tensors: Readonly<Record<string, Tensor>>,
): Promise<Record<string, TensorState>> {
  // A copy shares the memory until an op that works in place has to leave it as it is.
  const copies = Object.entries(tensors).map(([name, tensor]) => [name, tf.clone(tensor)] as const);
  try {
    const states = copies.map(async ([name, copy]) => {
      // Some backends give the very array that they compute with.
      const data = (await copy.data<'float32'>()).slice();
      return [name, { dtype: 'float32', shape: copy.shape, data }] as const;
    });
    return Object.fromEntries(await Promise.all(states));
  } finally {
    for (const [, copy] of copies) copy.dispose();
  }
}

/**
 * The float32 tensors of a state, in the order of `shapes`, as copies of its data; none is made unless
 * all fit. The caller disposes them.
 *
 * @throws MomentumError `STATE_MISMATCH`
 */
export function tensorsOfState(
  what: string,
  { tensors }: State,
  shapes: Readonly<Record<string, readonly number[]>>,
): Tensor[] {
  const surplus = Object.keys(tensors).filter((name) => !(name in shapes));
  if (surplus.length > 0) throw mismatch(what, `with tensors ${surplus.join(', ')}`, 'none of these');
  const fitting = Object.entries(shapes).map(([name, shape]) => {
    const state = tensors[name];
    if (state === undefined) throw mismatch(what, `without tensor ${name}`, 'one with it');
    const { dtype, data } = state;
    const size = shape.reduce((product, length) => product * length, 1);
    const fits = dtype === 'float32' && data instanceof Float32Array && state.shape.join() === shape.join();
    if (fits && data.length === size) return { data, shape: [...shape] };
    throw mismatch(
      what,
      `${name}: ${dtype} [${state.shape}] of ${data.length} values`,
      `float32 [${shape}] of ${size} values`,
    );
  });
  return fitting.map(({ data, shape }) => tf.tensor(data.slice(), shape));
}

export function mismatch(what: string, given: string, expected: string): Error {
  return momentumError('STATE_MISMATCH', {
    message: `this state is not that of such a ${what}`,
    given,
    expected,
    remedy: 'Load it into one that was made with the same options',
  });
}
