import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { correctOpenBlas, openBlasCores } from '../src/libtorch/openblas.js';
import { loadKernelsLazily } from '../src/libtorch/lazyKernels.js';
import { spinBriefly } from '../src/libtorch/spinning.js';
import { availableThreads, cpuQuota } from '../src/libtorch/threads.js';
import { restoreVariables, temporaryFolder, write } from './fakeLibtorch.js';

describe('the processor, as OpenBLAS names it', () => {
  const cpuInfo = (vendor: string, flags: string): string =>
    `processor\t: 0\nvendor_id\t: ${vendor}\nflags\t\t: fpu sse2 ${flags} ht\n\nprocessor\t: 1\n`;

  test.each([
    ['GenuineIntel', 'fma avx2 avx512f avx512dq avx512bw avx512vl', ['SkylakeX', 'Haswell']],
    ['AuthenticAMD', 'fma avx2 avx512f avx512dq avx512bw avx512vl', ['SkylakeX', 'Zen']],
    ['GenuineIntel', 'fma avx2 avx512f avx512er', ['Haswell']],
    ['GenuineIntel', 'fma avx2', ['Haswell']],
    ['AuthenticAMD', 'fma avx2', ['Zen']],
    ['GenuineIntel', 'avx', []],
  ])('%s with %s: %s', (vendor, flags, cores) => {
    expect(openBlasCores(cpuInfo(vendor, flags))).toEqual(cores);
  });

  test('is not known from a text that tells nothing', () => {
    expect(openBlasCores('')).toEqual([]);
  });

  test('what the user has set stays', () => {
    const before = { ...process.env };
    process.env['OPENBLAS_CORETYPE'] = 'Cooperlake';
    correctOpenBlas();
    expect(process.env['OPENBLAS_CORETYPE']).toBe('Cooperlake');
    restoreVariables(['OPENBLAS_CORETYPE'], before);
  });
});

describe('waiting threads', () => {
  const before = { ...process.env };
  const names = ['GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'];
  const unset = (): void => names.forEach((name) => Reflect.deleteProperty(process.env, name));
  beforeEach(unset);
  afterEach(() => {
    unset();
    restoreVariables(names, before);
  });

  test('spin briefly', () => {
    spinBriefly();
    expect(Number(process.env['GOMP_SPINCOUNT'])).toBeLessThan(300_000);
  });

  test.each(names)('do as %s says, where that is set', (name) => {
    process.env[name] = name === 'GOMP_SPINCOUNT' ? '300000' : 'active';
    const set = { ...process.env };
    spinBriefly();
    expect(process.env).toEqual(set);
  });
});

test("CUDA's kernels are loaded lazily, unless the environment says otherwise", () => {
  const before = { ...process.env };
  try {
    delete process.env['CUDA_MODULE_LOADING'];
    loadKernelsLazily();
    expect(process.env['CUDA_MODULE_LOADING']).toBe('LAZY');
    process.env['CUDA_MODULE_LOADING'] = 'EAGER';
    loadKernelsLazily();
    expect(process.env['CUDA_MODULE_LOADING']).toBe('EAGER');
  } finally {
    restoreVariables(['CUDA_MODULE_LOADING'], before);
  }
});

describe("the control groups' limit of processor time", () => {
  let root: string;
  beforeEach(() => {
    root = temporaryFolder();
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('none', () => {
    expect(cpuQuota(root)).toBe(Infinity);
    write(join(root, 'proc/self/cgroup'), '0::/\n');
    write(join(root, 'sys/fs/cgroup/cpu.max'), 'max 100000\n');
    expect(cpuQuota(root)).toBe(Infinity);
  });

  test('version 2: the smallest of a group and those around it', () => {
    write(join(root, 'proc/self/cgroup'), '0::/system.slice/job.service\n');
    write(join(root, 'sys/fs/cgroup/system.slice/cpu.max'), '250000 100000\n');
    write(join(root, 'sys/fs/cgroup/system.slice/job.service/cpu.max'), '400000 100000\n');
    expect(cpuQuota(root)).toBe(2.5);
  });

  test('version 2 in a container, whose path leads nowhere', () => {
    write(join(root, 'proc/self/cgroup'), '0::/../outside\n');
    write(join(root, 'sys/fs/cgroup/cpu.max'), '150000 100000\n');
    expect(cpuQuota(root)).toBe(1.5);
  });

  test('version 1', () => {
    write(join(root, 'proc/self/cgroup'), '5:memory:/a\n4:cpu,cpuacct:/docker/a\n');
    write(join(root, 'sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us'), '300000\n');
    write(join(root, 'sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us'), '100000\n');
    expect(cpuQuota(root)).toBe(3);
    write(join(root, 'sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us'), '-1\n');
    expect(cpuQuota(root)).toBe(Infinity);
  });
});

test('there is at least one thread, and no more than there are cores', () => {
  expect(availableThreads()).toBeGreaterThanOrEqual(1);
  expect(availableThreads()).toBeLessThanOrEqual(availableParallelism());
  expect(Number.isInteger(availableThreads())).toBe(true);
});
