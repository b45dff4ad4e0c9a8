import * as tf from '@tensorflow/tfjs-core';

import { encoderError } from './errors.js';
import type { TensorState } from './state.js';

type Variables = Readonly<Record<string, tf.Variable>>;
type Tensors = Readonly<Record<string, TensorState>>;

/**
 * PyTorch has output channels first: OIHW where TensorFlow.js has HWIO, [out, in] where it has
 * [in, out]. By rank, which axes of ours its axes are, and the reverse.
 */
const TO_PYTORCH: Readonly<Record<number, readonly number[]>> = { 4: [3, 2, 0, 1], 2: [1, 0] };
const FROM_PYTORCH: Readonly<Record<number, readonly number[]>> = { 4: [2, 3, 1, 0], 2: [1, 0] };

/** Copies variables to the host as they are at the call, in PyTorch's layouts. */
export async function readWeights(variables: Variables): Promise<Record<string, TensorState>> {
  // All reads begin before the first is awaited, so that a training step in between changes nothing.
  const reads = Object.entries(variables).map(async ([name, variable]) => {
    const arranged = arrange(variable, TO_PYTORCH);
    try {
      const data = await arranged.data<'float32'>();
      // An engine may hand out its own memory.
      return [name, { dtype: 'float32', shape: arranged.shape, data: data.slice() }] as const;
    } finally {
      arranged.dispose();
    }
  });
  return Object.fromEntries(await Promise.all(reads));
}

/**
 * Gives variables the values of tensors in PyTorch's layouts: all of them, or none.
 *
 * @throws EncoderError `WEIGHTS_MISMATCH` if there is not exactly one tensor of the right shape for each
 */
export function assignWeights(variables: Variables, tensors: Tensors): void {
  requireFittingWeights(variables, tensors);
  for (const [name, variable] of Object.entries(variables)) {
    const { data, shape } = tensors[name]!;
    // A copy, since an engine may keep the array itself.
    tf.tidy(() => variable.assign(arrange(tf.tensor(data.slice(), [...shape], 'float32'), FROM_PYTORCH)));
  }
}

function requireFittingWeights(variables: Variables, tensors: Tensors): void {
  const missing = Object.keys(variables).filter((name) => !Object.hasOwn(tensors, name));
  const unexpected = Object.keys(tensors).filter((name) => !Object.hasOwn(variables, name));
  const differing = Object.entries(variables).flatMap(([name, { rank, shape, size }]) => {
    if (!Object.hasOwn(tensors, name)) return [];
    const expectedShape = TO_PYTORCH[rank]?.map((axis) => shape[axis]!) ?? shape;
    const expected = `float32 [${expectedShape.join(', ')}] of ${size}`;
    const tensor = tensors[name]!;
    const given = `${tensor.dtype} [${tensor.shape.join(', ')}] of ${tensor.data.length}`;
    return given === expected ? [] : [`${name} is ${given} instead of ${expected}`];
  });
  const trouble = [
    ...listed('missing', missing),
    ...listed('not known to the encoder', unexpected),
    ...listed('of another dtype, shape or number of values', differing),
  ];
  if (trouble.length === 0) return;
  throw encoderError('WEIGHTS_MISMATCH', {
    message: `the weights do not fit the encoder, which stays as it was. ${trouble.join('. ')}`,
    expected: `the ${Object.keys(variables).length} tensors of this encoder`,
    remedy: 'Create the encoder with the architecture, stem, width and head that the weights were made with',
  });
}

/** More names than this hide what matters; then the architecture is another one. */
const MOST_LISTED = 20;

function listed(kind: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const rest = names.length > MOST_LISTED ? `, and ${names.length - MOST_LISTED} more` : '';
  return [`${kind}: ${names.slice(0, MOST_LISTED).join(', ')}${rest}`];
}

function arrange(tensor: tf.Tensor, orders: Readonly<Record<number, readonly number[]>>): tf.Tensor {
  const order = orders[tensor.rank];
  return order === undefined ? tf.clone(tensor) : tf.transpose(tensor, [...order]);
}
