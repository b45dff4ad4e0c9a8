import { nearestWord } from '@protocl/core/options';
import { z } from 'zod';

import { augmentError } from './errors.js';

const probability = z.number().min(0).max(1);
const size = z.int().min(1).max(4096);

/** [lowest, highest], in this order. */
function range(lowest: number, highest: number) {
  const end = z.number().min(lowest).max(highest);
  return z
    .tuple([end, end])
    .refine(([from, to]) => from <= to, { error: 'the lower end comes first: [lowest, highest]' });
}

/**
 * How far a factor strays from 1: `strength` draws from [max(0, 1 - strength), 1 + strength] as in
 * torchvision, a pair gives the ends.
 */
const factor = z
  .union([z.number().min(0).max(10), range(0, 11)])
  .transform((given) =>
    typeof given === 'number' ? ([Math.max(0, 1 - given), 1 + given] as [number, number]) : given,
  );

/** The same for the hue, in turns of the colour circle: `h` draws from [-h, h]. */
const turn = z
  .union([z.number().min(0).max(0.5), range(-0.5, 0.5)])
  .transform((given) => (typeof given === 'number' ? ([-given, given] as [number, number]) : given));

const positive = z.number().positive();

/**
 * The schema of a recipe: what happens to an image, in the order applied. A step that is not there
 * is left out.
 */
export const augmentationRecipe = z
  .strictObject({
    /** A random part of the image, resized to `size` x `size` pixels, bilinear and antialiased. */
    randomResizedCrop: z.strictObject({
      size,
      /** Share of the image's area. */
      scale: range(1e-4, 1).default([0.08, 1]),
      /** Width by height; drawn evenly on a logarithmic scale. */
      ratio: range(0.01, 100).default([3 / 4, 4 / 3]),
    }),
    /** Left and right exchanged. */
    flip: z.strictObject({ probability }).optional(),
    /** The four adjustments, in an order drawn for each image. */
    colorJitter: z
      .strictObject({
        probability,
        brightness: factor.default([1, 1]),
        contrast: factor.default([1, 1]),
        saturation: factor.default([1, 1]),
        hue: turn.default([0, 0]),
      })
      .optional(),
    /** Red, green and blue become the luma (ITU-R 601-2). */
    grayscale: z
      .strictObject({
        probability,
        /** MoCo v1 has it before the colour jitter; everything since has it after. */
        beforeColorJitter: z.boolean().default(false),
      })
      .optional(),
    gaussianBlur: z
      .strictObject({
        probability,
        /** Standard deviation in pixels. */
        sigma: range(0.01, 100),
        /** Width of the kernel in pixels, an odd number. */
        kernel: z
          .int()
          .min(1)
          .refine((width) => width % 2 === 1, { error: 'an odd number of pixels' }),
      })
      .optional(),
    /** Pixels of at least `threshold` (0 .. 255) are inverted. */
    solarize: z.strictObject({ probability, threshold: z.number().min(0).max(256).default(128) }).optional(),
    /** (x - mean) / std with x in 0 .. 1, for red, green and blue. */
    normalize: z.strictObject({
      mean: z.tuple([z.number(), z.number(), z.number()]),
      std: z.tuple([positive, positive, positive]),
    }),
    /**
     * What evaluation and the E-step see in place of all of the above but `normalize`: the shorter
     * side resized to `resize` pixels, then the centre `size` x `size`. That is the size of the views
     * unless another is given: networks without a fixed size recognise more in images that are somewhat
     * larger than those they learned from (Touvron et al., NeurIPS 2019).
     */
    plain: z.strictObject({ resize: size, size: size.optional() }).optional(),
  })
  .superRefine(({ randomResizedCrop, gaussianBlur, plain }, context) => {
    const { size: side } = randomResizedCrop;
    if (gaussianBlur !== undefined && gaussianBlur.kernel > 2 * side - 1) {
      context.addIssue({
        code: 'custom',
        path: ['gaussianBlur', 'kernel'],
        message: `the kernel reaches beyond the reflected image of ${side} pixels: at most ${2 * side - 1}`,
      });
    }
    const centre = plain?.size ?? side;
    if (plain !== undefined && plain.resize < centre) {
      context.addIssue({
        code: 'custom',
        path: ['plain', 'resize'],
        message: `the centre is larger than the resized image: at least ${plain.size === undefined ? 'randomResizedCrop' : 'plain'}.size, which is ${centre}`,
      });
    }
  });

/** A recipe as one writes it; plain data. See {@link augmentationRecipe} for each key. */
export type AugmentationRecipe = z.input<typeof augmentationRecipe>;

/** A recipe with all defaults filled in and every range written as a pair. */
export type ResolvedRecipe = z.output<typeof augmentationRecipe>;

/** Side of the images that evaluation and the E-step see, in pixels. */
export function plainSize({ plain, randomResizedCrop }: AugmentationRecipe): number {
  return plain?.size ?? randomResizedCrop.size;
}

/**
 * Checks a recipe and fills in its defaults.
 *
 * @throws AugmentError `RECIPE_INVALID`, with the path of the first offending key and what it was given
 */
export function parseRecipe(recipe: AugmentationRecipe): ResolvedRecipe {
  const parsed = augmentationRecipe.safeParse(recipe);
  if (!parsed.success) throw invalidRecipe(parsed.error.issues, recipe);
  return parsed.data;
}

function invalidRecipe(issues: readonly z.core.$ZodIssue[], recipe: unknown): Error {
  const issue = issues[0] as z.core.$ZodIssue;
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey];
  const known = unknownKey === undefined ? [] : keysAt(issue.path);
  const meant = unknownKey === undefined ? undefined : nearestWord(unknownKey, known);
  return augmentError('RECIPE_INVALID', {
    message: `${path.length === 0 ? 'recipe' : path.join('.')}: ${reasonOf(issue)}`,
    given: valueAt(recipe, path),
    expected:
      known.length > 0
        ? `one of ${known.join(', ')}`
        : 'a recipe as the schema augmentationRecipe describes it',
    remedy:
      meant === undefined ? 'Correct that key, or begin with one of `recipes`' : `Did you mean ${meant}?`,
  });
}

/** The keys of a recipe, or of one of its steps. */
function keysAt([step]: readonly PropertyKey[]): string[] {
  const { shape } = augmentationRecipe;
  if (step === undefined) return Object.keys(shape);
  const schema = shape[step as keyof typeof shape];
  return Object.keys((schema instanceof z.ZodOptional ? schema.unwrap() : schema).shape);
}

/** A union reports each of its ways; the last, the pair, describes what was meant best. */
function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'there is no such key';
  if (issue.code !== 'invalid_union') return issue.message;
  return issue.errors
    .flatMap((way) => (way[0] === undefined ? [] : [way[0].message]))
    .join('; or, as [lowest, highest]: ');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}
