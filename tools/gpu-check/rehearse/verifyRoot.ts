import { readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { EmptyRoot } from './emptyRoot.js';
import { gpuCheckError } from '../errors.js';

const TIMEOUT_SECONDS = 180;

/**
 * Makes sure that a root has what a rehearsal needs and lacks what has to be carried.
 *
 * @param out a folder that does not exist
 * @returns what was found, in one line
 * @throws {ProtoclError} `REHEARSAL_ROOT_INVALID` naming everything that is wrong
 */
export async function verifyRoot(root: Pick<EmptyRoot, 'run'>, out: string): Promise<string> {
  const command = await readFile(join(import.meta.dirname, 'verifyRoot.sh'), 'utf8');
  const { code, output, timedOut } = await root.run({ command, out, timeoutSeconds: TIMEOUT_SECONDS });
  await rmdir(out);
  const marked = (mark: string): string[] =>
    output
      .split('\n')
      .filter((line) => line.startsWith(mark))
      .map((line) => line.slice(mark.length));
  const wrong = marked('wrong: ');
  if (timedOut) wrong.push(`it could not be looked through within ${TIMEOUT_SECONDS} s`);
  else if (code !== 0) wrong.push(`looking through it ended with ${code}`);
  if (wrong.length > 0) {
    throw gpuCheckError('REHEARSAL_ROOT_INVALID', {
      message: `The empty root is not what it has to be: ${wrong.join('; ')}`,
      remedy: 'See what it consists of in tools/gpu-check/rehearse/rootContents.ts',
    });
  }
  return marked('found: ').join(', ');
}
