import { requireKnownOptions } from '@protocl/core/options';

import type { AugmentationRecipe } from './recipe.js';

/** The settings that recipes share. */
export interface RecipeOptions {
  /** Side of the views in pixels. */
  readonly size?: number;
}

/** Those of SimCLR's recipes. */
interface JitterRecipeOptions extends RecipeOptions {
  /** Scales the colour jitter: 1 for ImageNet, 0.5 for CIFAR-10, which are the defaults. */
  readonly strength?: number;
}

/** Means and standard deviations over ImageNet's training images, in 0 .. 1. */
const imagenet = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} satisfies AugmentationRecipe['normalize'];

/** The same over CIFAR-10's. */
const cifar10 = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
} satisfies AugmentationRecipe['normalize'];

/** Evaluation at 224 pixels resizes to 256 first; other sizes keep that proportion. */
const plainFor = (size: number) => ({ resize: Math.round((size * 256) / 224) });

/** SimCLR's kernel is a tenth of the image, made odd: 23 pixels at 224. */
const tenthOf = (size: number): number => 2 * Math.floor(size / 20) + 1;

/** MoCo v2 blurs with PIL, which cuts nothing off: 23 pixels hold all of a Gaussian of 2. */
const wholeKernel = (size: number): number => Math.min(23, 2 * size - 1);

/** MoCo v1's views: He et al., "Momentum Contrast", CVPR 2020, section 3.3. PCL v1 takes the same. */
function mocoV1(options: RecipeOptions = {}): AugmentationRecipe {
  requireKnownOptions('mocoV1', options, { size: true });
  const { size = 224 } = options;
  return {
    randomResizedCrop: { size, scale: [0.2, 1] },
    flip: { probability: 0.5 },
    colorJitter: { probability: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.4 },
    grayscale: { probability: 0.2, beforeColorJitter: true },
    normalize: imagenet,
    plain: plainFor(size),
  };
}

/**
 * MoCo v2's views: Chen et al., "Improved Baselines with Momentum Contrastive Learning", 2020.
 * PCL v2 takes the same.
 */
function mocoV2(options: RecipeOptions = {}): AugmentationRecipe {
  requireKnownOptions('mocoV2', options, { size: true });
  const { size = 224 } = options;
  return {
    randomResizedCrop: { size, scale: [0.2, 1] },
    flip: { probability: 0.5 },
    colorJitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
    grayscale: { probability: 0.2 },
    gaussianBlur: { probability: 0.5, sigma: [0.1, 2], kernel: wholeKernel(size) },
    normalize: imagenet,
    plain: plainFor(size),
  };
}

/**
 * SimCLR's views: Chen et al., "A Simple Framework for Contrastive Learning", ICML 2020, appendix A.
 */
function simclr(options: JitterRecipeOptions = {}): AugmentationRecipe {
  requireKnownOptions('simclr', options, { size: true, strength: true });
  const { size = 224, strength = 1 } = options;
  return {
    randomResizedCrop: { size },
    flip: { probability: 0.5 },
    colorJitter: jitterOf(strength),
    grayscale: { probability: 0.2 },
    gaussianBlur: { probability: 0.5, sigma: [0.1, 2], kernel: tenthOf(size) },
    normalize: imagenet,
    plain: plainFor(size),
  };
}

/** SimCLR's views for CIFAR-10: half the colour jitter and no blur (its appendix B.9). */
function cifarSimclr(options: JitterRecipeOptions = {}): AugmentationRecipe {
  requireKnownOptions('cifarSimclr', options, { size: true, strength: true });
  const { size = 32, strength = 0.5 } = options;
  return {
    randomResizedCrop: { size },
    flip: { probability: 0.5 },
    colorJitter: jitterOf(strength),
    grayscale: { probability: 0.2 },
    normalize: cifar10,
    plain: { resize: size },
  };
}

/** MoCo v2's views for CIFAR-10, as in the CIFAR-10 demo of MoCo's authors: no blur at 32 pixels. */
function cifar(options: RecipeOptions = {}): AugmentationRecipe {
  requireKnownOptions('cifar', options, { size: true });
  const { size = 32 } = options;
  return {
    randomResizedCrop: { size },
    flip: { probability: 0.5 },
    colorJitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
    grayscale: { probability: 0.2 },
    normalize: cifar10,
    plain: { resize: size },
  };
}

function jitterOf(strength: number): NonNullable<AugmentationRecipe['colorJitter']> {
  return {
    probability: 0.8,
    brightness: 0.8 * strength,
    contrast: 0.8 * strength,
    saturation: 0.8 * strength,
    hue: 0.2 * strength,
  };
}

/** The published recipes; each is a function that returns plain data, to be changed at will. */
export const recipes = { mocoV1, mocoV2, simclr, cifar, cifarSimclr } as const;
