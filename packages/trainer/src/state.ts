import * as tf from '@tensorflow/tfjs-core';

import { trainerError } from './errors.js';

/** A tensor on the host. */
export interface TensorState {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** What JSON can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** All that an object needs to go on where it was: plain data, detached from any tensor. */
export interface State {
  readonly tensors: Readonly<Record<string, TensorState>>;
  readonly values?: Readonly<Record<string, JsonValue>>;
}

/** Copies tensors or variables to the host. They stay with their owner. */
export async function readTensors(
  tensors: Readonly<Record<string, tf.Tensor>>,
): Promise<Record<string, TensorState>> {
  const entries = Object.entries(tensors).map(async ([name, tensor]): Promise<[string, TensorState]> => {
    const data = (await tensor.data()) as Float32Array | Int32Array;
    return [name, { dtype: tensor.dtype as 'float32' | 'int32', shape: tensor.shape, data }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Gives variables the values of a state that {@link readTensors} made.
 *
 * @throws {ProtoclError} `CHECKPOINT_MISMATCH` if names or shapes differ; no variable has then changed
 */
export function assignTensors(
  variables: Readonly<Record<string, tf.Variable>>,
  tensors: Readonly<Record<string, TensorState>>,
  owner: string,
): void {
  const described = (entries: readonly [string, { shape: readonly number[] }][]) =>
    entries.map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
  const expected = described(Object.entries(variables));
  const given = described(Object.entries(tensors));
  const differing = [
    ...given.filter((name) => !expected.includes(name)).map((name) => `${name} not known`),
    ...expected.filter((name) => !given.includes(name)).map((name) => `${name} missing`),
  ];
  if (differing.length > 0) {
    throw trainerError('CHECKPOINT_MISMATCH', {
      message: `the stored state does not fit ${owner}`,
      given: differing.slice(0, 4).join('; '),
      expected: `the ${expected.length} tensors of ${owner}, by name and shape`,
      remedy: 'Resume with the settings that the checkpoint was made with',
    });
  }
  for (const [name, variable] of Object.entries(variables)) {
    const tensor = toTensor(tensors[name]!);
    variable.assign(tensor);
    tensor.dispose();
  }
}

/** A new tensor with the values of a state; the caller disposes it. */
export function toTensor({ data, shape, dtype }: TensorState): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/** The part of a state whose names begin with a prefix, with the prefix taken off. */
export function statePart(state: State, prefix: string): State {
  const under = <T>(record: Readonly<Record<string, T>> = {}) =>
    Object.fromEntries(
      Object.entries(record)
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, value]) => [name.slice(prefix.length + 1), value]),
    );
  return { tensors: under(state.tensors), values: under(state.values) };
}

/** Puts states together under prefixes, so that {@link statePart} finds each of them again. */
export function joinStates(parts: Readonly<Record<string, State>>): State {
  const under = <T>(pick: (state: State) => Readonly<Record<string, T>> | undefined) =>
    Object.fromEntries(
      Object.entries(parts).flatMap(([prefix, state]) =>
        Object.entries(pick(state) ?? {}).map(([name, value]) => [`${prefix}/${name}`, value]),
      ),
    );
  return { tensors: under((state) => state.tensors), values: under((state) => state.values) };
}
