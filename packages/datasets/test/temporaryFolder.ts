import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach } from '@jest/globals';

/** A folder that every test of the file gets empty. */
export function temporaryFolder(): {
  path: string;
  write: (name: string, content?: Uint8Array | string) => Promise<string>;
} {
  const folder = {
    path: '',
    async write(name: string, content: Uint8Array | string = '') {
      const path = join(folder.path, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return path;
    },
  };
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'protocl-datasets-'));
  });
  afterEach(async () => {
    await rm(folder.path, { recursive: true, force: true });
  });
  return folder;
}
