import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { datasetError, type DatasetErrorCode } from './errors.js';

const run = promisify(execFile);

/** The two programs that Debian and Ubuntu come with. */
export const DEBIAN_TOOLS = { aptGet: 'apt-get', dpkgDeb: 'dpkg-deb' };

const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/** Whether packages of Debian can be fetched on this machine. */
export async function hasDebianTools(tools = DEBIAN_TOOLS): Promise<boolean> {
  try {
    await run(tools.aptGet, ['--version']);
    await run(tools.dpkgDeb, ['--version']);
    return true;
  } catch {
    return false;
  }
}

export interface DebianDownloadOptions {
  readonly tools?: typeof DEBIAN_TOOLS;
  readonly signal?: AbortSignal;
}

/**
 * Downloads a package with the machine's own apt, and so from the servers that are set up there, and
 * unpacks it. Nothing is installed, root is not needed, and apt checks the package's signed digest.
 *
 * @param folder an empty folder for the package and its content
 * @returns the folder that stands for the root of the file system
 * @throws {ProtoclError} `NO_NETWORK`, `DOWNLOAD_FAILED` or `DISK_FULL`
 */
export async function downloadDebianPackage(
  packageName: string,
  folder: string,
  options: DebianDownloadOptions = {},
): Promise<string> {
  const { tools = DEBIAN_TOOLS, signal } = options;
  const commandOptions = {
    cwd: folder,
    env: { ...process.env, LC_ALL: 'C' },
    timeout: DOWNLOAD_TIMEOUT_MS,
    ...(signal && { signal }),
  };
  const apt = (...args: string[]) => run(tools.aptGet, ['-q', ...args], commandOptions);
  try {
    try {
      await apt('download', packageName);
    } catch {
      signal?.throwIfAborted();
      // The lists of a fresh container are empty, and stale ones name files that the servers no
      // longer have. Lists of our own need no root and leave the machine's as they are.
      const lists = await privateLists(folder);
      await apt(...lists, 'update');
      await apt(...lists, 'download', packageName);
    }
    const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download wrote no package');
    const root = join(folder, 'root');
    await run(tools.dpkgDeb, ['--extract', archive, root], commandOptions);
    return root;
  } catch (cause) {
    signal?.throwIfAborted();
    throw debianFailure(packageName, cause);
  }
}

async function privateLists(folder: string): Promise<string[]> {
  const state = join(folder, 'state');
  const cache = join(folder, 'cache');
  await mkdir(join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const settings = [`Dir::State::lists=${join(state, 'lists')}/`, `Dir::Cache=${cache}/`];
  // As root, apt would download as a user who may not write here.
  return [...settings, 'APT::Sandbox::User=root'].flatMap((setting) => ['-o', setting]);
}

const UNREACHABLE = /Temporary failure|Could not (?:connect|resolve)|Connection (?:failed|timed out|refused)/;

function debianFailure(packageName: string, cause: unknown): Error {
  const { stderr = '', message } = cause as Error & { stderr?: string };
  const told = stderr.split('\n').findLast((line) => line.startsWith('E: ')) ?? message.split('\n')[0];
  let code: DatasetErrorCode = 'DOWNLOAD_FAILED';
  if (UNREACHABLE.test(stderr)) code = 'NO_NETWORK';
  if (/No space left|enough free space/.test(stderr)) code = 'DISK_FULL';
  return datasetError(code, {
    message: `apt could not fetch a package (${told})`,
    given: packageName,
    remedy: 'Check the network connection and the servers of /etc/apt/sources.list',
    cause,
  });
}
