import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { reasonOf } from '../../bench/peer.js';
import { gpuCheckError } from '../errors.js';

const execute = promisify(execFile);

const UNSHARE = 'unshare';
const NAMESPACES = ['--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child'];
/** What anyone may do in a namespace of users of their own, where the system lets them have one. */
const AS_ROOT = ['--user', '--map-root-user'];

const TRIAL = 'mount -t tmpfs tmpfs "$0" && mount -t proc proc "$0" && mount -t sysfs sysfs "$0"';

/**
 * Finds out how this user can have namespaces of their own.
 *
 * @param folder an empty folder to try mounts on
 * @returns a command, to which the one to run is added
 * @throws {ProtoclError} `REHEARSAL_UNAVAILABLE` if there is no way
 */
export async function findNamespaces(folder: string): Promise<readonly [string, ...string[]]> {
  if (process.platform !== 'linux') {
    throw gpuCheckError('REHEARSAL_UNAVAILABLE', {
      message: 'Only Linux can build an empty root',
      given: process.platform,
      remedy: 'Rehearse on a Linux machine, or in a privileged container',
    });
  }
  const ways = [...(process.getuid!() === 0 ? [NAMESPACES] : []), [...AS_ROOT, ...NAMESPACES]];
  const reasons: unknown[] = [];
  for (const way of ways) {
    try {
      await execute(UNSHARE, [...way, 'sh', '-c', TRIAL, folder], { env: systemPath() });
      return [UNSHARE, ...way];
    } catch (error) {
      reasons.push(error);
    }
  }
  throw gpuCheckError('REHEARSAL_UNAVAILABLE', {
    message: `This machine lets nobody like this user have namespaces (${reasonOf(reasons[0])})`,
    expected: 'unshare and mount of util-linux, and the right to use them',
    remedy:
      'Rehearse as root, or where AppArmor forbids it run ' +
      '`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in Docker, use --privileged',
    cause: reasons[0],
  });
}

/** An environment that has no more than the caller's PATH, and where mount and its like are, which is not on all. */
export function systemPath(): Record<string, string> {
  return { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` };
}
