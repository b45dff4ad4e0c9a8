import { join, relative } from 'node:path';

import type { SideCommand } from '../../bench/harness/side.js';
import { bundleName } from '../bundleName.js';

/** The folder of the bundles; this file lies three folders below it. */
const bundles = join(import.meta.dirname, '../../..');

/** In the place of the bench's function of this name: the worker was bundled when the check was packed. */
export async function bundledSide(label: string, entry: string): Promise<SideCommand> {
  const bundle = join(bundles, bundleName(relative(bundles, entry)));
  return { label, command: process.execPath, arguments: [bundle] };
}
