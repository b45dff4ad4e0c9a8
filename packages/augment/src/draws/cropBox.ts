import type { RandomStream } from '@protocl/core';

import type { ResolvedRecipe } from '../recipe.js';

/** A part of an image, in whole pixels. */
export interface CropBox {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

const TRIES = 10;

/**
 * Draws the part of an image that a random resized crop takes, as torchvision's `RandomResizedCrop`
 * does: up to ten tries at a box with a random share of the area and a random ratio, placed evenly;
 * then the largest centred box whose ratio is allowed.
 *
 * Source: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, section 6.
 *
 * @param imageHeight pixels
 * @param imageWidth pixels
 */
export function drawCropBox(
  stream: RandomStream,
  imageHeight: number,
  imageWidth: number,
  { scale, ratio }: ResolvedRecipe['randomResizedCrop'],
): CropBox {
  const [leastScale, mostScale] = scale;
  const [narrowest, widest] = ratio;
  const logNarrowest = Math.log(narrowest);
  const logRange = Math.log(widest) - logNarrowest;
  for (let i = 0; i < TRIES; i++) {
    const [u0, u1, u2, u3] = stream.uniform(4) as unknown as [number, number, number, number];
    const area = imageHeight * imageWidth * (leastScale + (mostScale - leastScale) * u0);
    const drawnRatio = Math.exp(logNarrowest + logRange * u1);
    const width = Math.round(Math.sqrt(area * drawnRatio));
    const height = Math.round(Math.sqrt(area / drawnRatio));
    if (width < 1 || width > imageWidth || height < 1 || height > imageHeight) continue;
    const top = Math.floor(u2 * (imageHeight - height + 1));
    const left = Math.floor(u3 * (imageWidth - width + 1));
    return { top, left, height, width };
  }
  return centredBox(imageHeight, imageWidth, narrowest, widest);
}

function centredBox(imageHeight: number, imageWidth: number, narrowest: number, widest: number): CropBox {
  const imageRatio = imageWidth / imageHeight;
  let height = imageHeight;
  let width = imageWidth;
  if (imageRatio < narrowest) height = Math.max(1, Math.round(imageWidth / narrowest));
  else if (imageRatio > widest) width = Math.max(1, Math.round(imageHeight * widest));
  return {
    top: Math.floor((imageHeight - height) / 2),
    left: Math.floor((imageWidth - width) / 2),
    height,
    width,
  };
}
