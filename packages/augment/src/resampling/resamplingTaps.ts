/** One axis of a resize. */
export interface Resampling {
  /** Where the resized part begins in the image, and how many pixels it has. */
  readonly start: number;
  readonly length: number;
  /** The number of pixels that the part becomes. */
  readonly resized: number;
  /** The first of those that are wanted, and how many. */
  readonly first: number;
  readonly wanted: number;
  /** Whether the wanted pixels are put in reverse order. */
  readonly reversed: boolean;
}

/** What the pixels of a resized axis are made of. */
export interface ResamplingTaps {
  /** Neighbours of every pixel. */
  readonly taps: number;
  /** int32 [wanted]: the image's pixel that is each one's first neighbour. */
  readonly firsts: Int32Array;
  /** float32 [wanted, taps]: the weights of the neighbours; each row adds up to 1. */
  readonly weights: Float32Array;
}

/**
 * How each pixel of a resized axis is made: bilinear, and antialiased where the axis shrinks by as
 * much widening the triangle that weighs the pixels. Pixels outside the part do not enter. This is
 * what PIL's `resize` (and so torchvision) computes for `BILINEAR` on a part that was cut out before.
 *
 * Source: Fant, "A Nonaliasing, Real-Time Spatial Transform Technique", 1986, with a triangle filter.
 */
export function resamplingTaps(resampling: Resampling): ResamplingTaps {
  const { start, length, resized, first, wanted, reversed } = resampling;
  const step = length / resized;
  const radius = Math.max(step, 1);
  const taps = Math.min(length, Math.ceil(2 * radius));
  const firsts = new Int32Array(wanted);
  const weights = new Float32Array(wanted * taps);
  for (let i = 0; i < wanted; i++) {
    const centre = (first + i + 0.5) * step;
    const from = Math.max(0, Math.trunc(centre - radius + 0.5));
    // The neighbours of the last pixels begin earlier, with weights of 0, to end within the part.
    const shifted = Math.min(from, length - taps);
    const place = reversed ? wanted - 1 - i : i;
    firsts[place] = start + shifted;
    let total = 0;
    for (let k = 0; k < taps; k++) total += triangle((shifted + k + 0.5 - centre) / radius);
    for (let k = 0; k < taps; k++) {
      weights[place * taps + k] = triangle((shifted + k + 0.5 - centre) / radius) / total;
    }
  }
  return { taps, firsts, weights };
}

function triangle(x: number): number {
  return Math.max(0, 1 - Math.abs(x));
}
