import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Writes what is in a folder as a compressed tar archive, the same bytes for the same files: gzip, which
 * every Python opens, where better codes take a module that not every Python has.
 */
export async function writeArchive(folder: string, archive: string): Promise<void> {
  const sameEverywhere = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  const args = ['--use-compress-program=gzip -9 -n', ...sameEverywhere, '-cf', archive, '-C', folder, '.'];
  await execute('tar', args);
}
