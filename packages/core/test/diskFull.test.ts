import * as fileSystem from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, jest, test } from '@jest/globals';

/** A disk on which the first bytes fit and the next ones do not. */
const open: typeof fileSystem.open = async (path, flags, mode) => {
  const handle = await fileSystem.open(path, flags, mode);
  let writes = 0;
  const write = handle.write.bind(handle) as (chunk: Uint8Array) => Promise<unknown>;
  const limited = (chunk: Uint8Array) =>
    writes++ === 0
      ? write(chunk)
      : Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
  return Object.assign(handle, { write: limited });
};
jest.unstable_mockModule('node:fs/promises', () => ({ ...fileSystem, open }));
const { writeStreamAtomic } = await import('@protocl/core');

test('a full disk is named, and the file that did not fit is removed', async () => {
  const folder = await fileSystem.mkdtemp(join(tmpdir(), 'protocl-core-'));
  try {
    const path = join(folder, 'file');
    const writing = writeStreamAtomic(path, [Buffer.alloc(10), Buffer.alloc(10)]);
    await expect(writing).rejects.toMatchObject({
      code: 'DISK_FULL',
      given: path,
      cause: { code: 'ENOSPC' },
    });
    expect(await fileSystem.readdir(folder)).toEqual([]);
  } finally {
    await fileSystem.rm(folder, { recursive: true });
  }
});
