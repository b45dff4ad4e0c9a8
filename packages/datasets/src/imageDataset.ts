import type { OptionNames } from '@protocl/core';

/** A labelled set of images of one size, held in memory. */
export interface ImageDataset {
  /** uint8 [n, H, W, C], NHWC: all images one after the other. */
  readonly images: Uint8Array;
  /** int32 [n]: an index into `classNames` for each image. */
  readonly labels: Int32Array;
  /** [n, H, W, C]. */
  readonly shape: readonly [number, number, number, number];
  readonly classNames: readonly string[];
}

/** How a loader reports and is stopped. */
export interface ProgressOptions {
  /** Receives one line at a time, without a line break; silent by default. */
  readonly log?: (line: string) => void;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export const PROGRESS_OPTIONS: OptionNames<ProgressOptions> = { log: true, signal: true };
