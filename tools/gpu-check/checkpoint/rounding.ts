/** 16-bit floating point formats. */
export type Narrow = 'float16' | 'bfloat16';

/**
 * Values in 16 bits each, rounded to nearest, halves to even.
 *
 * @param exponent the values are multiplied by this power of two first, so that they use the range of float16
 */
export function rounded(values: Float32Array, format: Narrow, exponent: number): Uint16Array {
  const scale = 2 ** exponent;
  const narrow = format === 'float16' ? toHalf : toBrain;
  const words = new Uint16Array(values.length);
  const scaled = new Float32Array(1);
  const bits = new Uint32Array(scaled.buffer);
  for (let i = 0; i < words.length; i++) {
    scaled[0] = values[i]! * scale;
    words[i] = narrow(bits[0]!);
  }
  return words;
}

/** The values that {@link rounded} words stand for. */
export function widened(words: Uint16Array, format: Narrow, exponent: number): Float32Array {
  const known = format === 'float16' ? (halves ??= everyWord(fromHalf)) : (brains ??= everyWord(fromBrain));
  const scale = 2 ** -exponent;
  const values = new Float32Array(words.length);
  for (let i = 0; i < values.length; i++) values[i] = known[words[i]!]! * scale;
  return values;
}

/**
 * The power of two that brings the largest of the values to 2^13 .. 2^14. From 2^-27 of it on, values keep
 * all 11 significant bits of float16; values of twice its size have room, too.
 */
export function exponentFor(values: Float32Array): number {
  let largest = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest === 0 ? 0 : 13 - Math.floor(Math.log2(largest));
}

/** The values of all words, made on first use. */
let halves: Float32Array | undefined;
let brains: Float32Array | undefined;

function everyWord(valueOf: (word: number) => number): Float32Array {
  return Float32Array.from({ length: 2 ** 16 }, (_, word) => valueOf(word));
}

/** float32 bits of what float16 has no more room for: 65,520, halfway from its largest number to the next. */
const TOO_LARGE = 0x477ff000;
/** 2^-14, the smallest normal number of float16. */
const SMALLEST_NORMAL = 0x38800000;
/** 2^-25, half of the smallest subnormal one. */
const HALF_OF_SMALLEST = 0x33000000;
const INFINITE = 0x7f800000;

/** IEEE 754 binary16 of the bits of a float32: 1 bit of sign, 5 of exponent, 10 of fraction. */
function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > INFINITE) return sign | 0x7e00;
  if (size >= TOO_LARGE) return sign | 0x7c00;
  if (size >= SMALLEST_NORMAL) {
    // A carry out of the fraction raises the exponent, as it should.
    const rebased = size - (SMALLEST_NORMAL - 0x800000);
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  if (size <= HALF_OF_SMALLEST) return sign;
  const fraction = (size & 0x7fffff) | 0x800000;
  const dropped = 126 - (size >>> 23);
  const kept = fraction >>> dropped;
  const rest = fraction & (2 ** dropped - 1);
  const half = 2 ** (dropped - 1);
  return sign | (rest > half || (rest === half && kept % 2 === 1) ? kept + 1 : kept);
}

function fromHalf(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >>> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16, the upper half of a float32. */
function toBrain(bits: number): number {
  // Rounding up would carry some NaN over into the sign.
  if ((bits & 0x7fffffff) > INFINITE) return ((bits >>> 16) & 0x8000) | 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function fromBrain(word: number): number {
  return new Float32Array(Uint32Array.of(word << 16).buffer)[0]!;
}
