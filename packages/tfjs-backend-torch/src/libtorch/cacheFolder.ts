import { resolve } from 'node:path';

import envPaths from 'env-paths';

/**
 * The folder in which libtorch and the compiled addon are kept for this user, such as
 * `~/.cache/protocl` on Linux. The environment variable `PROTOCL_CACHE` replaces it.
 * The folder is not created: whoever writes there does that.
 */
export function cacheFolder(...segments: string[]): string {
  const root = process.env['PROTOCL_CACHE'] || envPaths('protocl', { suffix: '' }).cache;
  return resolve(root, ...segments);
}
