/** All that reads no files: what bundles for browsers get of this package. */
export { augmentBatch, augmentCrops, type AugmentOptions } from './augmentBatch.js';
export { type DrawOptions } from './draws/sampleDraws.js';
export { type AugmentError, type AugmentErrorCode } from './errors.js';
export { imageTensor } from './imageTensor.js';
export { plainBatch, plainCrops } from './plainBatch.js';
export {
  augmentationRecipe,
  parseRecipe,
  plainSize,
  type AugmentationRecipe,
  type ResolvedRecipe,
} from './recipe.js';
export { recipes, type RecipeOptions } from './recipes.js';
