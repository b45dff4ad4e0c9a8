import * as z from 'zod';

/** A whole number of at least one. */
export const count = z.int().min(1);
/** A number above zero. */
export const positive = z.number().positive();
/** A number that may be zero. */
export const notNegative = z.number().min(0);
/** A number from zero to one. */
export const share = z.number().min(0).max(1);
