import { resolve } from 'node:path';

import envPaths from 'env-paths';

/**
 * The folder in which downloaded and derived files are kept for this user, such as
 * `~/.cache/protocl` on Linux. The environment variable `PROTOCL_CACHE` replaces it.
 *
 * The folder is not created: whoever writes there does that.
 *
 * @param segments folders and file names to append
 * @returns an absolute path
 */
export function cacheDirectory(...segments: string[]): string {
  const root = process.env['PROTOCL_CACHE'] || envPaths('protocl', { suffix: '' }).cache;
  return resolve(root, ...segments);
}
