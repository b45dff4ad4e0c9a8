import type { LabelledBatch } from '@protocl/evaluators';
import type { PlainBatch, TrainingSource } from '@protocl/trainer';

import type { DataDigests } from './dataDigests.js';
import type { SkippedImages } from './skippedImages.js';

/** Which classes each of some images shows. */
export interface ImageAnnotations {
  /** int8 [n, c]: 1 for a class that is shown, 0 for one that counts neither way, -1 for one that is not. */
  readonly values: Int8Array;
  /** The names of the classes, c. */
  readonly classNames: readonly string[];
}

/** Images whose features are compared, and their classes. */
export interface LabelledImages {
  /** Images, n. */
  readonly size: number;
  /** int32 [n]; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  readonly classNames: readonly string[];
  /** What each image shows, where it shows several classes; undefined where it has one, or none. */
  readonly annotations?: ImageAnnotations;
  /** Every image once, as evaluation sees it; images that cannot be read are missing. */
  batches(): AsyncIterable<PlainBatch>;
}

/** Random views of some images with their classes, other ones in another order for each epoch. */
export type LabelledViews = (epoch: number) => AsyncIterable<LabelledBatch>;

/** The images of a run. */
export interface RunData {
  readonly source: TrainingSource;
  /** int32 [n], of all of the source's images; undefined where there are no classes. */
  readonly labels: Int32Array | undefined;
  /** The training images that held-out ones are compared with. */
  readonly train: LabelledImages;
  /** Held out; undefined where there are none. */
  readonly test: LabelledImages | undefined;
  /**
   * Some of the source's images to learn from with their labels: cropped and flipped as in training, in
   * the colours that they have.
   *
   * @param chosen int32: which of them, ascending
   */
  labelledViews(chosen: Int32Array, batchSize: number): LabelledViews;
  /**
   * Some of the source's images as evaluation sees them, under their numbers in the source; those that
   * cannot be read are missing.
   *
   * @param chosen int32: which of them, ascending, at least one
   */
  plainViews(chosen: Int32Array): AsyncIterable<PlainBatch>;
  /**
   * What tells these images from others.
   *
   * @throws the signal's reason
   */
  digests(signal?: AbortSignal): Promise<DataDigests>;
  /** The images that were left out so far. */
  skipped(): SkippedImages;
  /** Ends what works in the background. */
  close(): Promise<void>;
}
