import { spawnSync } from 'node:child_process';
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { type Diagnosis, diagnose } from '../src/cli/diagnose.js';
import { renderDiagnosis } from '../src/cli/renderDiagnosis.js';
import { prepareTorch } from '../src/libtorch/prepare.js';
import {
  fakeLibtorch,
  fakeNative,
  fakePython,
  libraryName,
  restoreVariables,
  temporaryFolder,
} from './fakeLibtorch.js';

let folder: string;
const before = { ...process.env };

beforeEach(() => {
  folder = temporaryFolder();
  process.env['PROTOCL_CACHE'] = join(folder, 'cache');
  delete process.env['PROTOCL_LIBTORCH'];
});
afterEach(() => {
  restoreVariables(['PROTOCL_CACHE', 'PROTOCL_LIBTORCH', 'PATH', 'CXX', 'OPENBLAS_CORETYPE'], before);
  rmSync(folder, { recursive: true });
});

const examine = (nativeFolder?: string): Promise<Diagnosis> =>
  diagnose({ systemPrefixes: [join(folder, 'system')], ...(nativeFolder !== undefined && { nativeFolder }) });

describe('a diagnosis', () => {
  test('of a machine with nothing names all that is missing and how to get it', async () => {
    process.env['PATH'] = join(folder, 'bin');
    delete process.env['CXX'];
    const diagnosis = await examine();
    expect(diagnosis.ok).toBe(false);
    expect(diagnosis.search.map(({ source, outcome }) => [source, outcome])).toEqual([
      ['PROTOCL_LIBTORCH', 'absent'],
      ['python', 'absent'],
      ['system', 'absent'],
      ['fetched', 'absent'],
    ]);
    expect(diagnosis.problems.map(({ message }) => message)).toEqual([
      'There is no libtorch.',
      expect.stringContaining('no C++ compiler'),
    ]);
    const text = renderDiagnosis(diagnosis);
    expect(text).toContain('protocl-torch prepare');
    expect(text).toContain('pip install torch');
    expect(text).not.toContain('All is well');
  });

  test('of a libtorch without an addon says to compile it, and tells of a broken one before it', async () => {
    const torch = fakeLibtorch(join(folder, 'torch'));
    truncateSync(join(torch, 'lib', libraryName('c10')), 90);
    process.env['PATH'] = `${fakePython(join(folder, 'bin'), torch)}:${before['PATH'] ?? ''}`;
    const system = fakeLibtorch(join(folder, 'system'), { version: '1.13.0' });
    const diagnosis = await examine();
    expect(diagnosis.libtorch).toMatchObject({ source: 'system', root: system });
    expect(diagnosis.addon).toMatchObject({ isBuilt: false });
    expect(diagnosis.problems.map(({ message }) => message)).toEqual([
      'The addon is not compiled for libtorch 1.13.0 yet.',
    ]);
    expect(diagnosis.notes).toEqual([expect.stringMatching(/^python is passed over: .*truncated/)]);
  });

  test('is good where the addon is compiled and loads, and not where it does not load', async () => {
    const root = fakeLibtorch(join(folder, 'torch'), { isLinkable: true });
    process.env['PROTOCL_LIBTORCH'] = root;
    const nativeFolder = fakeNative(join(folder, 'native'));
    const { addonPath } = await prepareTorch({ nativeFolder });
    const diagnosis = await examine(nativeFolder);
    expect(diagnosis).toMatchObject({
      ok: true,
      problems: [],
      addon: { path: addonPath, isBuilt: true, loaded: { version: '9.9.9', cudaDevices: 0, mps: false } },
    });
    expect(renderDiagnosis(diagnosis)).toMatch(/compiled, loads[\s\S]*All is well\.$/);

    const failing = fakeNative(
      join(folder, 'failing'),
      '#include <cstdlib>\n__attribute__((constructor)) void fail() { std::abort(); }\n',
    );
    await prepareTorch({ nativeFolder: failing });
    const failed = await examine(failing);
    expect(failed.ok).toBe(false);
    expect(failed.problems[0]?.message).toMatch(/does not load: .*SIGABRT/);
  }, 60_000);
});

describe('the command protocl-torch', () => {
  const script = fileURLToPath(new URL('../src/cli/protoclTorch.ts', import.meta.url));
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', script, ...args], { encoding: 'utf8', env: process.env });

  test('doctor has exit code 1 where something is missing, and tells it as JSON as well', () => {
    process.env['PROTOCL_LIBTORCH'] = join(folder, 'nothing');
    const { status, stdout } = run('doctor', '--json');
    expect(status).toBe(1);
    const { ok, problems } = JSON.parse(stdout) as Diagnosis;
    expect(ok).toBe(false);
    expect(problems[0]?.message).toContain(`there is no folder ${join(folder, 'nothing')}`);
  }, 30_000);

  test('prepare has exit code 1 and says what to do', () => {
    process.env['PROTOCL_LIBTORCH'] = join(folder, 'nothing');
    const { status, stderr } = run('prepare');
    expect(status).toBe(1);
    expect(stderr).toContain('LIBTORCH_BROKEN');
    expect(stderr).toContain('unset PROTOCL_LIBTORCH');
    expect(stderr).not.toContain('    at ');
  }, 30_000);

  test('tells its usage', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('doctor') });
    expect(run('cure')).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage') });
    expect(run('doctor', '--nonsense')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Usage'),
    });
  }, 30_000);
});
