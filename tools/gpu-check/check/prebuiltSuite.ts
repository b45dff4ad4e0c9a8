import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SUITE_BUNDLE } from '../bundleName.js';

/** In the place of the conformance suite's function of this name: the suite was bundled when the check was packed. */
export async function bundleSuite(): Promise<string> {
  return readFile(join(import.meta.dirname, '../../..', SUITE_BUNDLE), 'utf8');
}
