import type { ImageBatch } from '../batches.js';
import type { SkippedEntry } from '../folder/imageFolder.js';

/** Random crops of some images of a folder. */
export interface ViewBatch {
  /** uint8 [N, S, S, 3], one for each view. */
  readonly crops: readonly Uint8Array<ArrayBuffer>[];
  /** int32 [N]; -1 where there are no classes. */
  readonly labels: Int32Array;
  /** int32 [N]: where the images are in the folder's list. */
  readonly indices: Int32Array;
  /** int32 [N]: how often each image has come before in this epoch; there only for an order that was given. */
  readonly repeats?: Int32Array;
  /** [N, S, S, 3]. */
  readonly shape: readonly [number, number, number, number];
}

/** Where an epoch begins, and what is in it. */
export interface EpochOptions {
  /** 0 by default. */
  readonly firstStep?: number;
  /** int32 [n]: the images to go through, one after the other, some perhaps several times. */
  readonly order?: Int32Array;
}

/**
 * Batches of an image folder, decoded by worker threads ahead of their use.
 *
 * Taking batches throws a ProtoclError `TOO_MANY_CORRUPT`, `FOLDER_CHANGED`, `FOLDER_NOT_READABLE` or
 * `WORKER_FAILED`, after the batches before the one that failed; another `epoch()` or `plain()` can be
 * begun after that. It throws `LOADER_CLOSED` after `close()`, and the signal's reason after an abort.
 */
export interface FolderLoader {
  /** Batches of an epoch, whatever images are corrupt. */
  readonly stepsPerEpoch: number;
  /** Images that were left out of the batches so far: each once, in the order of their first time. */
  readonly skipped: readonly SkippedEntry[];
  /**
   * The batches of an epoch, from `firstStep` (0 by default) on. A batch is a function of the seed,
   * the epoch and its step; the crops of an image are a function of the seed, the epoch and its index, and
   * of how often it has come before in an `order` that is given.
   *
   * @throws {ProtoclError} `INVALID_OPTION` if there is no such epoch or step, or the order is not one of n images
   */
  epoch(epoch: number, options?: EpochOptions): AsyncIterableIterator<ViewBatch>;
  /**
   * All images in the folder's order, cut as evaluation and the E-step see them. A batch is short of
   * the images in it that are corrupt, and left out if all are.
   */
  plain(): AsyncIterableIterator<ImageBatch>;
  /** Ends the threads. Idempotent. */
  close(): Promise<void>;
}
