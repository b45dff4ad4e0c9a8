/** Points within this distance of their mean, relative to their length, are one point in float32. */
export const RESOLUTION = 2 ** -18;

/** Half the distance between 1 and the next float32. */
const UNIT_ROUNDOFF = 2 ** -24;

/**
 * The same for the mean of so many points: their sum is off by a rounding for each of them at most, which for many
 * is more than {@link RESOLUTION}.
 */
export function resolutionOf(points: number): number {
  return Math.max(RESOLUTION, points * UNIT_ROUNDOFF);
}
