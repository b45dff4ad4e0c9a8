import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** The number of threads that are worth having: the cores that this process may use, at least 1. */
export function availableThreads(): number {
  const quota = process.platform === 'linux' ? cpuQuota() : Infinity;
  // Above the quota all threads stand still for the rest of each period, so a fraction is not rounded up.
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota)));
}

/**
 * How many cores' time the control groups of this process allow (versions 1 and 2), as containers set it;
 * `Infinity` where there is no limit.
 *
 * @param root the root of the file system, for tests
 */
export function cpuQuota(root = '/'): number {
  const groups = join(root, 'sys/fs/cgroup');
  let quota = Infinity;
  for (const line of textOf(join(root, 'proc/self/cgroup')).split('\n')) {
    const [hierarchy, controllers, path] = line.split(':');
    if (path === undefined) continue;
    if (hierarchy === '0') {
      quota = Math.min(quota, smallest(groups, path, quotaOfVersion2));
    } else if (controllers?.split(',').includes('cpu') === true) {
      for (const mount of ['cpu', 'cpu,cpuacct']) {
        quota = Math.min(quota, smallest(join(groups, mount), path, quotaOfVersion1));
      }
    }
  }
  return quota;
}

/** A group is bound by the limits of all groups around it. In a container the path may lead nowhere. */
function smallest(mount: string, path: string, quotaOf: (folder: string) => number): number {
  let quota = quotaOf(mount);
  for (let at = join('/', path); at !== '/'; at = dirname(at))
    quota = Math.min(quota, quotaOf(join(mount, at)));
  return quota;
}

function quotaOfVersion2(folder: string): number {
  const [quota, period] = textOf(join(folder, 'cpu.max')).trim().split(' ').map(Number);
  return ratio(quota, period);
}

function quotaOfVersion1(folder: string): number {
  return ratio(
    Number(textOf(join(folder, 'cpu.cfs_quota_us')) || NaN),
    Number(textOf(join(folder, 'cpu.cfs_period_us')) || NaN),
  );
}

/** `max` (not a number), -1 and a missing file all mean that there is no limit. */
function ratio(quota = NaN, period = NaN): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
