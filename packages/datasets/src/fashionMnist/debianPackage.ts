import { join } from 'node:path';

import { DEBIAN_TOOLS, downloadDebianPackage, hasDebianTools } from '../downloadDebianPackage.js';
import type { SplitsSource } from '../splits/split.js';
import { decodeFiles } from './decodeFiles.js';
import type { FashionMnistFile } from './layout.js';

export interface DebianPackageOptions {
  readonly packageName: string;
  /** Told before the download. */
  readonly megabytes: number;
  readonly files: readonly FashionMnistFile[];
  readonly tools?: typeof DEBIAN_TOOLS;
}

/** The package of Debian and Ubuntu that carries the data set; it is unpacked, not installed. */
export function debianPackage(options: DebianPackageOptions): SplitsSource {
  const { packageName, megabytes, files, tools = DEBIAN_TOOLS } = options;
  const name = `apt (${packageName})`;
  return {
    name,
    isAvailable: () => hasDebianTools(tools),
    async fetch(folder, { log = () => undefined, signal }) {
      log(`downloading ${megabytes} MB through ${name}`);
      const root = await downloadDebianPackage(packageName, folder, { tools, ...(signal && { signal }) });
      return decodeFiles(join(root, 'usr', 'share', 'datasets', 'fashion-mnist'), files, name);
    },
  };
}
