import { printable } from '@protocl/core';
import type { SkippedEntry } from '@protocl/datasets';

/** An image, or a folder of some, that was left out. */
export interface SkippedImage extends SkippedEntry {
  /** Of the training images or of the held-out ones. */
  readonly split: 'train' | 'test';
}

/** What was left out of the images of a run. */
export interface SkippedImages {
  readonly count: number;
  /** Each once, in the order in which they were met. */
  readonly images: readonly SkippedImage[];
}

export const NONE_SKIPPED: SkippedImages = { count: 0, images: [] };

/** Lines that a terminal shows as images are met; further ones are counted. */
const MOST_LINES = 5;

/** Counts images that are left out, however often each is met, and says so. */
export class SkippedCounter {
  readonly #known = new Map<string, SkippedImage>();
  readonly #say: (line: string) => void;
  readonly #onSkipped: (image: SkippedImage) => void;

  /** @param say receives a line for people; `onSkipped` every image */
  constructor(say: (line: string) => void, onSkipped: (image: SkippedImage) => void) {
    this.#say = say;
    this.#onSkipped = onSkipped;
  }

  get skipped(): SkippedImages {
    return { count: this.#known.size, images: [...this.#known.values()] };
  }

  add(image: SkippedImage): void {
    const key = `${image.split}/${image.path}`;
    if (this.#known.has(key)) return;
    this.#known.set(key, image);
    this.#onSkipped(image);
    if (this.#known.size <= MOST_LINES) this.#say(`left out: ${skippedInWords(image)}`);
    else if (this.#known.size === MOST_LINES + 1) this.#say('left out: further images, which are counted');
  }

  /** Tells how many there were where not all were shown. */
  conclude(): void {
    if (this.#known.size > MOST_LINES) this.#say(`left out: ${this.#known.size} images in all`);
  }
}

/** An image that was left out, and why. */
export function skippedInWords({ split, path, reason }: SkippedImage): string {
  return printable(`${split === 'train' ? 'training' : 'held-out'} image ${path} (${reason})`);
}
