import { plainSize, type AugmentationRecipe } from '@protocl/augment';
import { isShallow } from '@protocl/core';
import * as z from 'zod';

import { pipelineError } from '../errors.js';

const pixels = z.int().min(1).max(4096);
const channels = z.tuple([z.number(), z.number(), z.number()]);

const preprocessingSchema = z
  .object({
    resize: pixels,
    size: pixels,
    mean: channels,
    std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  })
  .refine(({ resize, size }) => resize >= size);

/** What is done to an image before an encoder sees it. */
export interface Preprocessing {
  /** The shorter side is resized to so many pixels, bilinear and antialiased, */
  readonly resize: number;
  /** and the centre of `size` x `size` pixels cut out. */
  readonly size: number;
  /** (x - mean) / std with x in 0 .. 1, for red, green and blue. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** What evaluation does to images with a recipe. */
export function preprocessingOf(recipe: AugmentationRecipe): Preprocessing {
  const size = plainSize(recipe);
  return { resize: recipe.plain?.resize ?? size, size, ...recipe.normalize };
}

/** A recipe whose evaluation does this to images; it is of no use for training. */
export function plainRecipe({ resize, size, mean, std }: Preprocessing): AugmentationRecipe {
  return {
    randomResizedCrop: { size },
    normalize: { mean: [...mean], std: [...std] },
    plain: { resize, size },
  };
}

/** Which of an encoder's vectors is meant: after the average pooling, or after the projection head. */
export type FeatureKind = 'backbone' | 'head';

/** Where the metadata of an encoder's file say how images become vectors. */
const PREPROCESSING_KEY = 'protocl.preprocessing';
const FEATURES_KEY = 'protocl.features';

/** How images become vectors, as far as a file says it. */
export interface RecordedUse {
  readonly preprocessing?: Preprocessing;
  readonly features?: FeatureKind;
}

/** How images become vectors, for the metadata of an encoder's file. */
export function recordedUse({ preprocessing, features }: Required<RecordedUse>): Record<string, string> {
  const { resize, size, mean, std } = preprocessing;
  return { [PREPROCESSING_KEY]: JSON.stringify({ resize, size, mean, std }), [FEATURES_KEY]: features };
}

/**
 * Reads what {@link recordedUse} has written; what a file does not say is missing.
 *
 * @param path of the file, for errors
 * @throws {ProtoclError} `ENCODER_NOT_DESCRIBED` if it is of another form
 */
export function readRecordedUse(metadata: Readonly<Record<string, string>>, path: string): RecordedUse {
  const text = metadata[PREPROCESSING_KEY];
  const features = metadata[FEATURES_KEY];
  if (features !== undefined && features !== 'backbone' && features !== 'head') {
    throw unreadable(path, FEATURES_KEY, features, 'backbone or head');
  }
  return {
    ...(text !== undefined && { preprocessing: parsePreprocessing(text, path) }),
    ...(features !== undefined && { features }),
  };
}

function parsePreprocessing(text: string, path: string): Preprocessing {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The schema refuses what is no JSON as it does all else.
  }
  const result = isShallow(parsed) ? preprocessingSchema.safeParse(parsed) : undefined;
  if (result?.success) return result.data;
  throw unreadable(path, PREPROCESSING_KEY, text, 'JSON with resize, size (at most resize), mean and std');
}

function unreadable(path: string, key: string, given: string, expected: string): Error {
  return pipelineError('ENCODER_NOT_DESCRIBED', {
    message: `${path} says something in its metadata, under ${key}, that is of another form`,
    given,
    expected,
    remedy: 'Save the encoder again, or leave the key out of its metadata and pass the settings yourself',
  });
}
