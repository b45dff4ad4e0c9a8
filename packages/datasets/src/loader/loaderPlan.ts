import type { AugmentationRecipe } from '@protocl/augment';
import type { SerializedError } from '@protocl/core';

import type { PackedPaths } from './packedPaths.js';

/** What every batch of a loader is made by; a worker gets it when it starts. */
export interface LoaderPlan {
  /** The image folder, absolute. */
  readonly root: string;
  readonly paths: PackedPaths;
  readonly recipe: AugmentationRecipe;
  readonly seed: number;
  readonly views: number;
  readonly batchSize: number;
  readonly maxPixels: number;
  /** With more corrupt images than this, nothing more is worth the trouble. */
  readonly mostCorrupt: number;
}

/** One batch to be made. Arrays are shared, not copied. */
export interface BatchTask {
  /** `'views'`: random crops, always a full batch. `'plain'`: what evaluation sees, short of corrupt images. */
  readonly kind: 'views' | 'plain';
  readonly epoch: number;
  readonly step: number;
  /** int32 [n]: the order of the epoch. */
  readonly order: Int32Array<SharedArrayBuffer>;
  /** int32 [n]: how often the image of each place has come before; undefined where none comes twice. */
  readonly repeats: Int32Array<SharedArrayBuffer> | undefined;
  /** int32 [1]: not 0 once nobody waits for the batch any more. */
  readonly cancelled: Int32Array<SharedArrayBuffer>;
}

/** An image that was left out, and why. */
export interface CorruptImage {
  readonly index: number;
  readonly reason: string;
}

/** What becomes of a task. Plain data, as class instances don't survive the way between threads. */
export type BatchOutcome =
  | {
      readonly kind: 'made';
      /** uint8 [N, S, S, 3], one for each view. */
      readonly pixels: readonly Uint8Array<ArrayBuffer>[];
      /** int32 [N]. */
      readonly indices: Int32Array<ArrayBuffer>;
      /** int32 [N]. */
      readonly repeats: Int32Array<ArrayBuffer> | undefined;
      /** S; 0 where N is. */
      readonly side: number;
      readonly corrupt: readonly CorruptImage[];
    }
  /** Too many images were corrupt. */
  | { readonly kind: 'spoilt'; readonly corrupt: readonly CorruptImage[] }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'cancelled' };
