import { mkdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { TorchBackendError } from '../src/errors.js';
import type { Libtorch } from '../src/libtorch/libtorch.js';
import { locateLibtorch } from '../src/libtorch/locateLibtorch.js';
import { fakeLibtorch, fakePython, libraryName, restoreVariables, temporaryFolder } from './fakeLibtorch.js';

let folder: string;
let lines: string[];
const before = { ...process.env };

beforeEach(() => {
  folder = temporaryFolder();
  lines = [];
  process.env['PROTOCL_CACHE'] = join(folder, 'cache');
  process.env['PATH'] = join(folder, 'bin');
  delete process.env['PROTOCL_LIBTORCH'];
});
afterEach(() => {
  restoreVariables(['PROTOCL_CACHE', 'PATH', 'PROTOCL_LIBTORCH'], before);
  rmSync(folder, { recursive: true });
});

function locate(): Promise<Libtorch> {
  lines = [];
  return locateLibtorch({
    allowFetch: false,
    systemPrefixes: [join(folder, 'system')],
    log: (line) => lines.push(line),
  });
}

const inPython = (): string => fakeLibtorch(join(folder, 'site/torch'), { version: '2.1.0' });
const inSystem = (): string => fakeLibtorch(join(folder, 'system'), { version: '1.13.0' });
const inCache = (): string => fakeLibtorch(join(folder, 'cache/libtorch/2.13.0-cpu'));
const withPython = (torch: string | null): string => fakePython(join(folder, 'bin'), torch);

describe('the order of the search', () => {
  test('PROTOCL_LIBTORCH before all others', async () => {
    withPython(inPython());
    inSystem();
    inCache();
    process.env['PROTOCL_LIBTORCH'] = fakeLibtorch(join(folder, 'named'), { version: '2.6.0' });
    expect(await locate()).toMatchObject({ version: '2.6.0', source: 'PROTOCL_LIBTORCH' });
    expect(lines).toHaveLength(1);
  });

  test("then Python's, the system's, the fetched one; each step is told in a line", async () => {
    const torch = inPython();
    withPython(torch);
    inSystem();
    inCache();
    expect(await locate()).toMatchObject({ version: '2.1.0', source: 'python', root: torch });
    expect(lines).toEqual(['libtorch: PROTOCL_LIBTORCH: not set', `libtorch: python: 2.1.0 in ${torch}`]);
    withPython(null);
    rmSync(torch, { recursive: true });
    expect((await locate()).source).toBe('system');
    rmSync(join(folder, 'system'), { recursive: true });
    expect((await locate()).source).toBe('fetched');
    expect(lines).toHaveLength(4);
  });

  test('a broken candidate is told, and the next one is taken', async () => {
    withPython(inPython());
    truncateSync(join(folder, 'site/torch/lib', libraryName('torch_cpu')), 70);
    inSystem();
    expect((await locate()).source).toBe('system');
    expect(lines[1]).toMatch(/^libtorch: python: unusable, .*truncated: 70 of at least 128 bytes$/);
  });

  test('a Python that does not run is no obstacle', async () => {
    process.env['PATH'] = join(folder, 'nothing');
    inCache();
    expect((await locate()).source).toBe('fetched');
    expect(lines[1]).toBe('libtorch: python: there is no python3 on the PATH');
  });
});

describe('what an earlier start found', () => {
  test('is taken without asking Python again', async () => {
    withPython(inPython());
    await locate();
    // From now on it would give another answer; overwriting it leaves its folder's time as it was.
    withPython(null);
    expect((await locate()).source).toBe('python');
    expect(lines).toEqual([expect.stringMatching(/as at an earlier start$/)]);
  });

  test('is forgotten when a better one may have come', async () => {
    withPython(null);
    inCache();
    expect((await locate()).source).toBe('fetched');
    expect((await locate()).source).toBe('fetched');
    expect(lines).toHaveLength(1);
    inSystem();
    expect((await locate()).source).toBe('system');
  });

  test('is forgotten when it is no longer whole', async () => {
    withPython(inPython());
    inCache();
    await locate();
    truncateSync(join(folder, 'site/torch/lib', libraryName('c10')), 90);
    expect((await locate()).source).toBe('fetched');
  });
});

describe('errors', () => {
  const errorOf = async (): Promise<TorchBackendError> => {
    const error: unknown = await locate().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TorchBackendError);
    return error as TorchBackendError;
  };

  test('a broken PROTOCL_LIBTORCH is not passed over', async () => {
    inCache();
    const named = fakeLibtorch(join(folder, 'named'));
    truncateSync(join(named, 'lib', libraryName('torch')), 80);
    process.env['PROTOCL_LIBTORCH'] = named;
    const error = await errorOf();
    expect(error).toMatchObject({ code: 'LIBTORCH_BROKEN', given: named });
    expect(error.message).toContain('truncated');
    expect(error.message).toContain('unset PROTOCL_LIBTORCH');
  });

  test('no libtorch, and none may be fetched', async () => {
    mkdirSync(join(folder, 'bin'));
    const error = await errorOf();
    expect(error.code).toBe('LIBTORCH_NOT_FOUND');
    expect(error.message).toContain('pip install torch');
    expect(error.message).toContain('apt-get install libtorch-dev');
    expect(error.message).toContain('PROTOCL_LIBTORCH');
  });
});
