/** A file or folder that was left out, and why. */
export interface SkippedEntry {
  /** Relative to the image folder, with slashes. */
  readonly path: string;
  readonly reason: string;
}

/** The images of a folder, or of a list of its files: their names and labels, not their pixels. */
export interface ImageFolder {
  /** Absolute. */
  readonly path: string;
  /** Relative to `path`, with slashes on every platform; the position in this list is an image's index. */
  readonly files: readonly string[];
  /** int32 [n]: an index into `classNames` for each image; -1 where there are no classes. */
  readonly labels: Int32Array;
  /** What the labels stand for, such as the names of the sub-folders; empty where there are no classes. */
  readonly classNames: readonly string[];
  /** Images with more pixels than this are left out by the loader. */
  readonly maxPixels: number;
  /** What was left out when the folder was opened. */
  readonly skipped: readonly SkippedEntry[];
}
