import { existsSync } from 'node:fs';

import { clusteringError } from '../errors.js';
import { lastLine, runCommand } from './runCommand.js';

/** libfaiss alone would bring the reference BLAS, which is many times slower. */
const PACKAGES = ['libfaiss-dev', 'libopenblas0-pthread'];

const HEADERS = ['/usr/include/faiss/Index.h', '/usr/local/include/faiss/Index.h'];

/**
 * Makes sure that libfaiss and its headers are installed: by apt-get where they are not and this user may.
 *
 * @throws {ClusteringError} `FAISS_NODE_BUILD_FAILED` where they cannot be had
 */
export async function installLibfaiss(log: (line: string) => void): Promise<void> {
  if (HEADERS.some((path) => existsSync(path))) return;
  if (process.platform !== 'linux')
    throw missing('only Debian and Ubuntu have a package of it that is known here');
  const asRoot = await rootCommand();
  log(`installing ${PACKAGES.join(' and ')} by apt-get`);
  // The lists of a fresh container are empty, and stale ones name files that the servers no longer have.
  await apt(asRoot, ['update']);
  await apt(asRoot, ['install', '-y', '--no-install-recommends', ...PACKAGES]);
}

async function rootCommand(): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const { code } = await runCommand('sudo', ['-n', 'true'], { timeout: 30_000 });
  if (code !== 0) throw missing('apt-get needs root, and sudo is not there or asks for a password');
  return ['sudo', '-n'];
}

async function apt(asRoot: readonly string[], args: readonly string[]): Promise<void> {
  const settings = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C'];
  const [command = '', ...rest] = [...asRoot, ...settings, 'apt-get', '-q', ...args];
  const result = await runCommand(command, rest, { timeout: 10 * 60_000 });
  if (result.code !== 0) throw missing(`apt-get ${args[0]} failed: ${lastLine(result)}`);
}

function missing(why: string): Error {
  return clusteringError('FAISS_NODE_BUILD_FAILED', {
    message: `libfaiss and its headers are not installed, and cannot be: ${why}`,
    expected: HEADERS.join(' or '),
    remedy: `Install them (on Debian or Ubuntu: apt-get install ${PACKAGES.join(' ')}), or use the assigner "tensor"`,
  });
}
