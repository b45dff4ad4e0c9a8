import { ProtoclError } from './errors.js';
import { requireKnownOptions } from './options.js';
import { multiplyHigh, philox4x32 } from './philox.js';

// Looked up once, as in philox.ts.
const { PI, cos, floor, imul, log, sin, sqrt } = Math;

/** The coordinates of a stream; the same coordinates always give the same values. */
export interface RandomStreamOptions {
  /** The seed of the run, an integer of 0 .. 2⁵³-1. */
  readonly seed: number;
  /** What the values are for, such as `'shuffle'`; different purposes give unrelated streams. */
  readonly purpose: string;
  /** 0 .. 2³²-1; 0 where the purpose has no epochs. */
  readonly epoch?: number;
  /** The step, or the index of the sample, within the epoch: 0 .. 2³²-1. */
  readonly step?: number;
}

/**
 * A sequence of random values that is a function of its coordinates alone. There is no global
 * generator whose state would have to be saved, and the number of workers that draw does not change
 * what any of them gets: whoever needs the values of a step makes the stream of that step.
 *
 * Methods advance through the sequence, so their order within one stream matters.
 */
export interface RandomStream {
  /** One float64 in [0, 1), with 53 random bits. */
  next(): number;
  /** `count` float32 values, uniform in [0, 1). */
  uniform(count: number): Float32Array<ArrayBuffer>;
  /** `count` float32 values from the standard normal distribution. */
  normal(count: number): Float32Array<ArrayBuffer>;
  /** `count` integers, uniform in 0 .. `limit`-1 without bias; `limit` is at most 2³¹. */
  integers(count: number, limit: number): Int32Array<ArrayBuffer>;
  /** The integers 0 .. `count`-1 in random order; every order is equally likely. */
  permutation(count: number): Int32Array<ArrayBuffer>;
}

/** Counters are 32 bits wide; see {@link randomStream} for where each one goes. */
const WORD_LIMIT = 2 ** 32;

/**
 * Makes the random stream that belongs to (seed, purpose, epoch, step).
 *
 * The generator is Philox4x32-10. The seed is its key, and its counter consists of the block within
 * the stream, the step, the epoch and a 32-bit FNV-1a hash of the purpose; so two streams share
 * values only if their purposes collide in that hash.
 *
 * @throws {ProtoclError} `RANDOM_RANGE` if a coordinate or an argument is not an integer in its range;
 *   `UNKNOWN_OPTION` for a coordinate that there is not
 */
export function randomStream(options: RandomStreamOptions): RandomStream {
  requireKnownOptions('randomStream', options, { seed: true, purpose: true, epoch: true, step: true });
  const { seed, purpose, epoch = 0, step = 0 } = options;
  requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('epoch', epoch, 0, WORD_LIMIT - 1);
  requireInteger('step', step, 0, WORD_LIMIT - 1);
  return new PhiloxStream(
    Uint32Array.of(seed, floor(seed / WORD_LIMIT)),
    Uint32Array.of(0, step, epoch, hashPurpose(purpose)),
  );
}

class PhiloxStream implements RandomStream {
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array;
  readonly #block = new Uint32Array(4);
  #used = 4;

  constructor(key: Uint32Array, counter: Uint32Array) {
    this.#key = key;
    this.#counter = counter;
  }

  next(): number {
    const high = this.#word() >>> 6;
    const low = this.#word() >>> 5;
    return (high * 2 ** 27 + low) * 2 ** -53;
  }

  uniform(count: number): Float32Array<ArrayBuffer> {
    requireInteger('count', count, 0, WORD_LIMIT - 1);
    const values = new Float32Array(count);
    // 24 bits are what a float32 holds exactly; more would round up to 1 now and then.
    for (let i = 0; i < count; i++) values[i] = (this.#word() >>> 8) * 2 ** -24;
    return values;
  }

  normal(count: number): Float32Array<ArrayBuffer> {
    requireInteger('count', count, 0, WORD_LIMIT - 1);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      // Box and Muller (1958); the half keeps the logarithm's argument away from zero.
      const radius = sqrt(-2 * log((this.#word() + 0.5) / WORD_LIMIT));
      const angle = (2 * PI * this.#word()) / WORD_LIMIT;
      values[i] = radius * cos(angle);
      if (i + 1 < count) values[i + 1] = radius * sin(angle);
    }
    return values;
  }

  integers(count: number, limit: number): Int32Array<ArrayBuffer> {
    requireInteger('count', count, 0, WORD_LIMIT - 1);
    requireInteger('limit', limit, 1, 2 ** 31);
    return Int32Array.from({ length: count }, () => this.#below(limit));
  }

  permutation(count: number): Int32Array<ArrayBuffer> {
    requireInteger('count', count, 0, 2 ** 31 - 1);
    const order = new Int32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    for (let last = count - 1; last > 0; last--) {
      const chosen = this.#below(last + 1);
      const value = order[chosen]!;
      order[chosen] = order[last]!;
      order[last] = value;
    }
    return order;
  }

  /** A uniform integer below `limit`. Source: Lemire, "Fast random integer generation", 2019. */
  #below(limit: number): number {
    const biased = (WORD_LIMIT - limit) % limit;
    for (;;) {
      const word = this.#word();
      // The low words under the threshold occur once too often, so they are drawn again.
      if (imul(word, limit) >>> 0 >= biased) return multiplyHigh(word, limit);
    }
  }

  #word(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      this.#counter[0]!++;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }
}

/** FNV-1a over the purpose's UTF-8 bytes: short, and the same on every platform for ever. */
export function hashPurpose(purpose: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(purpose)) {
    hash = imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

function requireInteger(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw new ProtoclError('RANDOM_RANGE', {
    message: `${name} is out of range`,
    given: value,
    expected: `an integer in ${lowest} .. ${highest}`,
    remedy: `Pass a ${name} in that range`,
  });
}
