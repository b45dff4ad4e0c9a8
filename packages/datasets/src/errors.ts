import { ProtoclError } from '@protocl/core';

/**
 * What can go wrong with a data set:
 *
 * - `NO_NETWORK`: no source could be reached, and nothing is cached;
 * - `DOWNLOAD_FAILED`: a source answered, but not with the file;
 * - `CHECKSUM_MISMATCH`: a source gave another file than the pinned one;
 * - `DATASET_MALFORMED`: a file does not have the layout of the data set;
 * - `DATASET_INCOMPLETE`: a file or folder of a data set's published layout is not there;
 * - `DISK_FULL`, `FILE_NOT_WRITABLE`: the cache could not be written;
 * - `FOLDER_NOT_READABLE`: an image folder is not there or may not be read;
 * - `FOLDER_EMPTY`: there is no image in it;
 * - `FOLDER_CHANGED`: an image that was there when the folder was opened is gone;
 * - `TOO_MANY_CORRUPT`: more images can't be used than the set share, or than a batch can do without;
 * - `WORKER_FAILED`: a worker thread of the loader ended or could not start;
 * - `LOADER_CLOSED`: batches were asked of a loader that was closed;
 * - `INVALID_OPTION`: an argument is out of range.
 */
export type DatasetErrorCode =
  | 'NO_NETWORK'
  | 'DOWNLOAD_FAILED'
  | 'CHECKSUM_MISMATCH'
  | 'DATASET_MALFORMED'
  | 'DATASET_INCOMPLETE'
  | 'DISK_FULL'
  | 'FILE_NOT_WRITABLE'
  | 'FOLDER_NOT_READABLE'
  | 'FOLDER_EMPTY'
  | 'FOLDER_CHANGED'
  | 'TOO_MANY_CORRUPT'
  | 'WORKER_FAILED'
  | 'LOADER_CLOSED'
  | 'INVALID_OPTION';

/** A {@link ProtoclError} whose code is one of this package's. */
export function datasetError(
  code: DatasetErrorCode,
  details: ConstructorParameters<typeof ProtoclError>[1],
): ProtoclError<DatasetErrorCode> {
  return new ProtoclError(code, details);
}
