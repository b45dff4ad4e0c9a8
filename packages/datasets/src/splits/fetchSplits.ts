import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isProtoclError, type ProtoclError } from '@protocl/core';

import { datasetError, type DatasetErrorCode } from '../errors.js';
import type { ProgressOptions } from '../imageDataset.js';
import type { Splits, SplitsDataset } from './split.js';

/**
 * Fetches a data set from the first source that has it.
 *
 * @throws {ProtoclError} what the sources failed with: of several reasons the last one that is not
 *   `NO_NETWORK`; `DISK_FULL` at once
 */
export async function fetchSplits(
  { title, id, sources }: SplitsDataset,
  { log = () => undefined, signal }: ProgressOptions,
): Promise<Splits> {
  const failures: ProtoclError<DatasetErrorCode>[] = [];
  for (const source of sources) {
    if ((await source.isAvailable?.()) === false) continue;
    const folder = await mkdtemp(join(tmpdir(), `protocl-${id}-`));
    try {
      return await source.fetch(folder, { log, ...(signal && { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      if (!isProtoclError<DatasetErrorCode>(error) || isLocal(error)) throw error;
      log(`not from ${source.name}: ${error.message}`);
      failures.push(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const telling = failures.findLast(({ code }) => code !== 'NO_NETWORK') ?? failures.at(-1);
  throw datasetError(telling?.code ?? 'NO_NETWORK', {
    message: `${title} is not cached and could not be fetched`,
    given: failures.map(({ message }) => message).join(' '),
    expected: `one of ${sources.map(({ name }) => name).join(', ')}`,
    remedy: 'Connect to the network for the first start, or copy the cache folder from another machine',
    cause: new AggregateError(failures),
  });
}

/** Whether another source would fail in the same way. */
function isLocal({ code }: ProtoclError<DatasetErrorCode>): boolean {
  return code === 'DISK_FULL' || code === 'FILE_NOT_WRITABLE';
}
