import { join } from 'node:path';

import { downloadFile } from '../downloadFile.js';
import type { SplitsSource } from '../splits/split.js';
import { decodeFiles } from './decodeFiles.js';
import type { FashionMnistFile } from './layout.js';

export interface HttpFilesOptions {
  /** The folder that the files are in; ends in a slash. */
  readonly url: string;
  readonly files: readonly FashionMnistFile[];
  readonly connectTimeoutMs?: number;
  readonly stallTimeoutMs?: number;
}

/** A host that has the four files as the authors published them. */
export function httpFiles(options: HttpFilesOptions): SplitsSource {
  const { url, files, connectTimeoutMs = 5_000, stallTimeoutMs = 30_000 } = options;
  const { host } = new URL(url);
  return {
    name: host,
    async fetch(folder, progress) {
      for (const { name } of files) {
        const target = join(folder, `${name}.gz`);
        await downloadFile(`${url}${name}.gz`, target, { ...progress, connectTimeoutMs, stallTimeoutMs });
      }
      return decodeFiles(folder, files, host);
    },
  };
}
