import { isProtoclError } from '@protocl/core';

import { Fuzz, INPUTS } from './fuzz.js';

/** Inputs of readers that take milliseconds, since they check a whole configuration or look for files. */
export const FEWER = INPUTS / 5;

/** Bytes that one input of a few kilobytes may make a reader allocate. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Calls a reader with many inputs. It may take them, or refuse them by a typed error whose message is short;
 * anything else fails, as does what is left on `Object.prototype`.
 *
 * @returns how many it took
 */
export async function expectTyped(
  seed: number,
  read: (fuzz: Fuzz) => unknown,
  inputs = FEWER,
): Promise<number> {
  let taken = 0;
  for (let input = 0; input < inputs; input++) {
    const before = process.memoryUsage().arrayBuffers;
    try {
      await read(new Fuzz(seed * 1e9 + input));
      taken++;
    } catch (error) {
      if (!isProtoclError(error)) throw new Error(`input ${input} of seed ${seed}`, { cause: error });
    }
    if (process.memoryUsage().arrayBuffers - before > MOST_BYTES) throw new Error(`input ${input}: memory`);
    if (Object.keys(Object.prototype).length > 0) throw new Error(`input ${input}: Object.prototype`);
  }
  return taken;
}
