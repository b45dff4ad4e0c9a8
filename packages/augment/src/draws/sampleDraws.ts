import { randomStream } from '@protocl/core';
import type { RandomStream } from '@protocl/core';

import type { ResolvedRecipe } from '../recipe.js';

/** What a draw is a function of, the index of the sample apart. */
export interface DrawOptions {
  /** The seed of the run. */
  readonly seed: number;
  readonly epoch: number;
  /** 0 for the first view of an image, 1 for the second, and so on. */
  readonly view: number;
}

/** The adjustments of the colour jitter, numbered as in torchvision. */
export type Adjustment = 'brightness' | 'contrast' | 'saturation' | 'hue';

/** What the colour jitter does to one sample. */
export interface JitterDraws {
  /** All four, first to last. */
  readonly order: readonly Adjustment[];
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turns of the colour circle, -0.5 .. 0.5. */
  readonly hue: number;
}

/** What happens to one sample, its crop apart. */
export interface SampleDraws {
  readonly flip: boolean;
  readonly jitter: JitterDraws | undefined;
  readonly grayscale: boolean;
  /** Standard deviation in pixels, or undefined where the sample is not blurred. */
  readonly blurSigma: number | undefined;
  readonly solarize: boolean;
}

/** The places of the draws in a sample's stream. Each has its own, whether the recipe needs it or not. */
const slot = {
  flip: 0,
  jitter: 1,
  order: 2,
  brightness: 3,
  contrast: 4,
  saturation: 5,
  hue: 6,
  grayscale: 7,
  blur: 8,
  sigma: 9,
  solarize: 10,
} as const;

/** A multiple of four, which is what the generator makes at a time. */
const SLOTS = 12;

const orders: readonly (readonly Adjustment[])[] = ordersOf(['brightness', 'contrast', 'saturation', 'hue']);

/**
 * Draws for one sample. The stream that is returned goes on with the draws of the crop, whose number
 * varies; so whoever needs no crop draws the same as who does.
 */
export function drawSample(
  recipe: ResolvedRecipe,
  index: number,
  { seed, epoch, view }: DrawOptions,
): { readonly draws: SampleDraws; readonly stream: RandomStream } {
  const stream = randomStream({ seed, purpose: `augmentation of view ${view}`, epoch, step: index });
  const u = stream.uniform(SLOTS);
  const { flip, colorJitter, grayscale, gaussianBlur, solarize } = recipe;
  const happens = (step: { readonly probability: number } | undefined, place: number): boolean =>
    step !== undefined && u[place]! < step.probability;
  const jitter: JitterDraws | undefined =
    colorJitter !== undefined && happens(colorJitter, slot.jitter)
      ? {
          order: orders[Math.floor(u[slot.order]! * orders.length)]!,
          brightness: within(colorJitter.brightness, u[slot.brightness]!),
          contrast: within(colorJitter.contrast, u[slot.contrast]!),
          saturation: within(colorJitter.saturation, u[slot.saturation]!),
          hue: within(colorJitter.hue, u[slot.hue]!),
        }
      : undefined;
  const isBlurred = gaussianBlur !== undefined && happens(gaussianBlur, slot.blur);
  const draws: SampleDraws = {
    flip: happens(flip, slot.flip),
    jitter,
    grayscale: happens(grayscale, slot.grayscale),
    blurSigma: isBlurred ? within(gaussianBlur.sigma, u[slot.sigma]!) : undefined,
    solarize: happens(solarize, slot.solarize),
  };
  return { draws, stream };
}

function within([lowest, highest]: readonly [number, number], share: number): number {
  return lowest + (highest - lowest) * share;
}

function ordersOf<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, i) => ordersOf(items.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}
