import { ProtoclError } from '@protocl/core';

/**
 * What can go wrong with a data set:
 *
 * - `NO_NETWORK`: no source could be reached, and nothing is cached;
 * - `DOWNLOAD_FAILED`: a source answered, but not with the file;
 * - `CHECKSUM_MISMATCH`: a source gave another file than the pinned one;
 * - `DATASET_MALFORMED`: a file does not have the layout of the data set;
 * - `DISK_FULL`, `FILE_NOT_WRITABLE`: the cache could not be written;
 * - `INVALID_OPTION`: an argument is out of range.
 */
export type DatasetErrorCode =
  | 'NO_NETWORK'
  | 'DOWNLOAD_FAILED'
  | 'CHECKSUM_MISMATCH'
  | 'DATASET_MALFORMED'
  | 'DISK_FULL'
  | 'FILE_NOT_WRITABLE'
  | 'INVALID_OPTION';

/** A {@link ProtoclError} whose code is one of this package's. */
export function datasetError(
  code: DatasetErrorCode,
  details: ConstructorParameters<typeof ProtoclError>[1],
): ProtoclError<DatasetErrorCode> {
  return new ProtoclError(code, details);
}
