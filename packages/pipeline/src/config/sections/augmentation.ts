import * as z from 'zod';

import { count } from './numbers.js';

/** How the two views of an image are made. */
export const augmentationSchema = z.strictObject({
  recipe: z.enum(['cifar', 'mocoV1', 'mocoV2', 'simclr']).default('mocoV2').describe('The published recipe.'),
  size: count.default(224).describe('Height and width of a view.'),
});

export type AugmentationConfig = z.output<typeof augmentationSchema>;
