import { linearSvm, surestPredictions } from '@protocl/evaluators';
import type { PredictionGallery } from '@protocl/report';

import type { NormalizedImages } from './runExtras.js';
import type { SeenImages } from './thumbnailPixels.js';

/** C; features have length 1. */
const COST = 1;
const IMAGES_OF_A_CLASS = 8;
/** Classes that are shown, those with the most predictions: all 1000 of ImageNet would be a page of their own. */
const MOST_CLASSES = 20;

/** What the gallery shows, and the images that it needs thumbnails of. */
export interface Gallery {
  readonly view: PredictionGallery;
  /** uint8 [n, H, W, 3], one after the other: what is to be appended to the thumbnails. */
  readonly pixels: Uint8Array;
  readonly count: number;
}

/**
 * For each class the held-out images that a linear SVM on the features is surest of, rightly and wrongly;
 * undefined where there are fewer than two classes to tell apart.
 *
 * @param known what it learns from; stays the caller's
 * @param asked held-out images, which stay the caller's
 * @param seen the same images, as they are shown
 * @param firstThumbnail the number of the first thumbnail that is appended
 */
export async function galleryOf(
  known: NormalizedImages,
  asked: NormalizedImages,
  seen: SeenImages,
  { classNames, firstThumbnail }: { readonly classNames: readonly string[]; readonly firstThumbnail: number },
): Promise<Gallery | undefined> {
  const [labels, truth] = [known.labels, asked.labels];
  if (labels === undefined || truth === undefined || new Set(labels).size < 2) return undefined;
  const { model, testScores } = await linearSvm(
    { features: known.features, labels },
    { features: asked.features, labels: truth },
    { cost: COST, normalize: false },
  );
  const predictions = await surestPredictions(testScores, truth, {
    count: IMAGES_OF_A_CLASS,
    classes: model.classes,
  });
  const surest = predictions
    .filter(({ truePositives, falsePositives }) => truePositives.length + falsePositives.length > 0)
    .sort((a, b) => b.truePositives.length - a.truePositives.length)
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a.predicted - b.predicted);
  const [, height, width, channels] = seen.shape;
  const size = height * width * channels;
  const shown: Uint8Array[] = [];
  const thumbnailOf = (sample: number): number => {
    shown.push(seen.pixels.subarray(sample * size, (sample + 1) * size));
    return firstThumbnail + shown.length - 1;
  };
  const view: PredictionGallery = {
    protocol: `linear SVM, C = ${COST}, on features of length 1 of ${labels.length} training images; ${truth.length} held-out images`,
    classes: surest.map(({ predicted, truePositives, falsePositives }) => ({
      className: classNames[predicted]!,
      truePositives: truePositives.map(({ sample }) => thumbnailOf(sample)),
      falsePositives: falsePositives.map(({ sample, label }) => ({
        thumbnail: thumbnailOf(sample),
        className: classNames[label]!,
      })),
    })),
  };
  return { view, pixels: new Uint8Array(Buffer.concat(shown)), count: shown.length };
}
