import { augmentationRecipe } from '@protocl/augment';
import * as z from 'zod';

import { count } from './numbers.js';

/** How the two views of an image are made. */
export const augmentationSchema = z.strictObject({
  recipe: z
    .enum(['mocoV1', 'mocoV2', 'simclr', 'cifar', 'cifarSimclr'])
    .default('mocoV2')
    .describe('The published recipe.'),
  size: count.default(224).describe('Height and width of a view.'),
  // Whether the steps fit each other is checked on the whole recipe.
  changes: z
    .strictObject(augmentationRecipe.shape)
    .partial()
    .optional()
    .describe('Steps that replace those of the recipe, each as a whole.'),
});

export type AugmentationConfig = z.output<typeof augmentationSchema>;
