import type { ProgressOptions } from '../imageDataset.js';

export type SplitName = 'train' | 'test';
export const SPLIT_NAMES: readonly SplitName[] = ['train', 'test'];

/** The images and labels of one split, as they are cached. */
export interface Split {
  /** uint8 [n, H, W, C]. */
  readonly images: Uint8Array;
  /** uint8 [n]. */
  readonly labels: Uint8Array;
}
export type Splits = Readonly<Record<SplitName, Split>>;

/** A place that a data set can be had from. */
export interface SplitsSource {
  /** For messages. */
  readonly name: string;
  /** Whether this machine has what the source needs; a source without this needs nothing. */
  isAvailable?(): Promise<boolean>;
  /**
   * Downloads, verifies and decodes the data set.
   *
   * @param folder an empty folder for temporary files
   */
  fetch(folder: string, progress: ProgressOptions): Promise<Splits>;
}

/** A data set of two splits that is fetched whole and then cached decoded. */
export interface SplitsDataset {
  /** For messages. */
  readonly title: string;
  /** Names its folder and its files in the cache. */
  readonly id: string;
  /** In the order in which they are tried. */
  readonly sources: readonly SplitsSource[];
  /** Bytes of one image. */
  readonly imageBytes: number;
  /** Images of each split. */
  readonly counts: Readonly<Record<SplitName, number>>;
  /** Eight characters at the start of a cached file: the format's name and version. */
  readonly format: string;
}
