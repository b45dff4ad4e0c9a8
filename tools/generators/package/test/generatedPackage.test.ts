import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { workspaceRoot } from '../../../setup/workspace.mjs';

const copied = [
  'package.json',
  'nx.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'eslint.config.mjs',
  'README.md',
  'LICENSE',
  '.gitignore',
  'tools/package.json',
  'tools/generators.json',
  'tools/generators',
  'tools/lint',
  'tools/jest',
  'packages/core/package.json',
];

let copy: string;

/** The repository without its packages, in a folder of its own, with the npm packages that are installed here. */
beforeAll(async () => {
  copy = await realpath(await mkdtemp(join(tmpdir(), 'protocl-generator-')));
  await mkdir(join(copy, 'packages', 'core'), { recursive: true });
  for (const path of copied) await cp(join(workspaceRoot, path), join(copy, path), { recursive: true });
  await linkInstalledPackages();
});

async function linkInstalledPackages(): Promise<void> {
  const installed = join(workspaceRoot, 'node_modules');
  const linked = join(copy, 'node_modules');
  await mkdir(join(linked, '@protocl'), { recursive: true });
  for (const entry of await readdir(installed)) {
    if (entry !== '@protocl') await symlink(join(installed, entry), join(linked, entry));
  }
  await symlink(join(copy, 'tools'), join(linked, '@protocl', 'tools'));
  for (const name of ['core', 'sample']) {
    await symlink(join(copy, 'packages', name), join(linked, '@protocl', name));
  }
}

afterAll(() => rm(copy, { recursive: true, force: true }));

/** Runs Nx in the copy, knowing nothing of the Nx that may have started this test. */
function nx(...args: string[]): { status: number | null; output: string } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NX_')));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(copy, 'node_modules', 'nx', 'dist', 'bin', 'nx.js'), ...args],
    {
      cwd: copy,
      env: { ...env, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1', FORCE_COLOR: undefined },
      encoding: 'utf8',
    },
  );
  return { status, output: stdout + stderr };
}

test('a generated package builds, lints, type-checks, tests and packs', async () => {
  const generated = nx('g', '@protocl/tools:package', 'sample', '--skipInstall');
  expect(generated).toMatchObject({ status: 0 });

  const targets = ['build', 'lint', 'typecheck', 'test', 'pack-check'];
  const checked = nx('run-many', '-p', '@protocl/sample', '-t', ...targets, '--output-style=static');
  expect({ ...checked, failed: /Failed tasks:[^]*/.exec(checked.output)?.[0] }).toMatchObject({
    status: 0,
    failed: undefined,
  });
  const report = await readFile(join(copy, 'packages/sample/test-results/jest.json'), 'utf8');
  expect(JSON.parse(report)).toMatchObject({ numPassedTests: 1, numFailedTests: 0 });

  // The lint that has just passed does enforce the boundaries of the new package.
  await writeFile(
    join(copy, 'packages/sample/src/index.ts'),
    "export { packageName } from './packageName.js';\nimport '@protocl/core';\n",
  );
  const linted = nx('lint', '@protocl/sample');
  expect(linted.status).not.toBe(0);
  expect(linted.output).toContain('"package:sample" can only depend on libs tagged with "package:sample"');
}, 600_000);
