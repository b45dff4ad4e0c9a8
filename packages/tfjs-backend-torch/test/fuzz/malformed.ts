import type * as tf from '@tensorflow/tfjs-core';

import type { RandomSource } from './randomSource.js';

type Inputs = Record<string, tf.Tensor | undefined>;
type Attributes = Record<string, unknown>;

const junk = [
  -1,
  -3,
  0,
  2 ** 33,
  2 ** 40,
  -(2 ** 40),
  NaN,
  Infinity,
  1.5,
  undefined,
  null,
  'x',
  '',
  [],
  [-1],
  [0],
];
const strangerJunk = [...junk, [2 ** 41], {}, true, [NaN], [1, 2, 3, 4, 5, 6, 7]];

/** An attribute with one value in it, at any depth, that does not belong there. */
function spoiledAttribute(value: unknown, random: RandomSource): unknown {
  if (!Array.isArray(value) || value.length === 0 || random.chance(0.4)) return random.pick(strangerJunk);
  const at = random.whole(0, value.length - 1);
  return value.map((each: unknown, i) => (i === at ? spoiledAttribute(each, random) : each));
}

/** A kernel's inputs and attributes with one of them made wrong: another tensor, none, or a value out of place. */
export function spoiled(
  inputs: Inputs,
  attributes: Attributes,
  random: RandomSource,
  otherTensor: () => tf.Tensor,
): [Inputs, Attributes] {
  const names = Object.keys(attributes);
  if (names.length > 0 && random.chance(0.5)) {
    const name = random.pick(names);
    return [inputs, { ...attributes, [name]: spoiledAttribute(attributes[name], random) }];
  }
  const present = Object.keys(inputs);
  if (present.length === 0) return [inputs, attributes];
  const other = random.chance(0.1) ? undefined : otherTensor();
  return [{ ...inputs, [random.pick(present)]: other }, attributes];
}
